/// What `/openapi.yaml` says: the routes, their parameters, and the shapes of their answers.
///
/// Tests compare it with the routes that are served, and answers with the shapes. It stands in Swift because a resource
/// would bring all of Foundation along.
package enum OpenAPI {
    /// The document.
    package static let document =
        head + ingestPaths + searchPaths + selectPaths + plainPaths + queriesPaths + agentsPaths + statePaths
        + components + schemas

    private static let head = """
        openapi: 3.0.3
        info:
          title: Lodge collector
          version: "1"
          description: |
            Takes events, keeps them, and answers questions about them. Errors are problem documents (RFC 9457) that say
            what was wrong, where, and what to do. Parameters and members of a body that a route does not know are refused.
        paths:

        """
}
