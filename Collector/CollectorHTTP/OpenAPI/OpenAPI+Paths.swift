extension OpenAPI {
    static let ingestPaths =
        path(
            "/v1/ingest",
            Operation(
                method: "post", summary: "takes a batch of events; 202 means that they are on disk",
                body: """
                    required: true
                    content:
                      application/json:
                        schema: {$ref: '#/components/schemas/IngestRequest'}
                      application/vnd.lodge.batch:
                        schema: {type: string, format: binary}
                    """, status: 202, schema: "Receipt", refusals: [413, 415, 429, 507]))
        + path(
            "/insert/jsonline",
            Operation(
                method: "post", summary: "takes one object in JSON a line",
                parameters: ["_time_field", "_msg_field", "_stream_fields"],
                body: """
                    required: true
                    content:
                      application/stream+json:
                        schema: {type: string}
                    """, type: nil, refusals: [413, 429, 507]))

    static let searchPaths =
        path(
            "/v1/search",
            Operation(
                method: "post", summary: "a page of events, or events as they are found",
                body: json("SearchRequest"), schema: "SearchAnswer", lines: "SearchRecord",
                refusals: [413, 415, 422, 429]))
        + path(
            "/v1/aggregate",
            Operation(
                method: "post", summary: "numbers by fields and intervals of time", body: json("AggregateRequest"),
                schema: "AggregateAnswer", lines: "AggregateRecord", refusals: [413, 415, 422, 429]))
        + path(
            "/v1/tail",
            Operation(
                method: "get", summary: "events as they are committed",
                parameters: ["query", "service", "host", "level", "max_rate", "last_event_id"],
                type: "text/event-stream", refusals: [429]))

    private static let select = [
        "query", "start", "end", "time", "timeout", "extra_filters", "extra_stream_filters",
    ]

    private static func select(
        _ name: String, _ summary: String, _ more: [String] = [], schema: String?, type: String = "application/json"
    ) -> String {
        path(
            "/select/logsql/\(name)",
            Operation(
                method: "get", summary: summary, parameters: select + more, type: type, schema: schema,
                refusals: [422, 429]),
            Operation(
                method: "post", summary: summary, form: select + more, type: type, schema: schema,
                refusals: [413, 415, 422, 429]))
    }

    static let selectPaths =
        select(
            "query", "rows of a query, a line of JSON each", ["limit", "explain"], schema: nil,
            type: "application/stream+json")
        + select(
            "hits", "events by intervals of time", ["step", "offset", "groupField", "fields_limit"], schema: "Hits")
        + select(
            "facets", "the most frequent values of each field",
            ["limit", "max_values_per_field", "max_value_len", "keep_const_fields"], schema: "Facets")
        + select("stats_query", "results of stats at one time, as metrics", schema: "Vector")
        + select("stats_query_range", "results of stats by intervals of time, as metrics", ["step"], schema: "Matrix")
        + select("field_names", "names of fields", schema: "ValuesWithHits")
        + select("field_values", "values of a field", ["field", "limit"], schema: "ValuesWithHits")
        + select("streams", "streams", ["limit"], schema: "ValuesWithHits")
        + select("stream_ids", "ids of streams", ["limit"], schema: "ValuesWithHits")
        + select("stream_field_names", "names of labels of streams", schema: "ValuesWithHits")
        + select("stream_field_values", "values of a label of streams", ["field", "limit"], schema: "ValuesWithHits")

    private static let plainFilters = ["startTime", "endTime", "source", "logLevel", "keyword"]

    static let plainPaths =
        path(
            "/api/v1/logs",
            Operation(
                method: "get", summary: "a page of events",
                parameters: plainFilters + ["size", "sort", "cursor", "timeout"], schema: "PlainPage",
                refusals: [422, 429]),
            Operation(
                method: "post", summary: "takes one event", body: json("PlainEvent"), status: 202, schema: "Receipt",
                refusals: [413, 415, 429, 507]))
        + path(
            "/api/v1/logs/batch",
            Operation(
                method: "post", summary: "takes several events", body: json("PlainEvents"), status: 202,
                schema: "Receipt", refusals: [413, 415, 429, 507]))
        + path(
            "/api/v1/logs/stats",
            Operation(
                method: "get", summary: "how many events there are, by level and source",
                parameters: plainFilters + ["timeout"], schema: "PlainStatistics", refusals: [422, 429]))

    static let queriesPaths =
        path("/v1/queries", Operation(method: "get", summary: "queries that run and wait", schema: "Queries"))
        + path(
            "/v1/queries/{id}",
            Operation(
                method: "delete", summary: "ends a query", parameters: ["id", "quarantine"], schema: "KilledQuery",
                refusals: [404]))
        + path(
            "/v1/queries/shapes/{id}",
            Operation(
                method: "delete", summary: "lets queries of a shape that is refused run again", parameters: ["id"],
                status: 204, type: nil, refusals: [404]))

    static let statePaths =
        path("/health", Operation(method: "get", summary: "what the collector holds", schema: "Health"))
        + path("/ready", Operation(method: "get", summary: "200 when it can be asked", schema: "Ready"))
        + path("/metrics", Operation(method: "get", summary: "counters for Prometheus", type: "text/plain"))
        + path("/openapi.yaml", Operation(method: "get", summary: "this document", type: "application/yaml"))
        + path(
            "/v1/storage",
            Operation(method: "get", summary: "where events are kept, and how full the disk is", schema: "Storage"))
        + path(
            "/v1/storage/retention",
            Operation(method: "get", summary: "what retention would delete now", schema: "Retention"))
        + path(
            "/v1/storage/retention/undo",
            Operation(method: "post", summary: "takes back what has not been deleted yet", schema: "Undone"))
        + path(
            "/v1/storage/retention/trust-clock",
            Operation(
                method: "post", summary: "says that the clock is right, after it has jumped", status: 204, type: nil))
}
