/// Tells requests that few want to read of by their path.
enum RequestPath {
    /// Fields that hold a path or an address.
    static let fields = [
        "path", "url", "uri", "request_path", "request_uri", "http.path", "http.target", "http.url", "url.path",
        "http.route",
    ]
    /// Fields that hold the status of an answer.
    static let statusFields = [
        "status", "status_code", "http.status", "http.status_code", "http.response.status_code", "response.status",
    ]

    private static let healthChecks: [StaticString] = [
        "/health", "/healthz", "/healthcheck", "/health-check", "/health/live", "/health/ready", "/live", "/livez",
        "/liveness", "/ready", "/readyz", "/readiness", "/ping", "/status/health", "/actuator/health",
        "/actuator/health/liveness", "/actuator/health/readiness", "/_health", "/-/healthy", "/-/ready", "/up",
    ]
    private static let metrics: [StaticString] = [
        "/metrics", "/prometheus", "/actuator/prometheus", "/stats/prometheus", "/_metrics", "/federate",
        "/nginx_status", "/server-status",
    ]
    private static let staticEndings: [StaticString] = [
        ".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".avif", ".woff",
        ".woff2", ".ttf", ".otf", ".eot",
    ]

    /// Whether a path or an address is of a kind.
    static func isOf(_ preset: RuleCondition.Preset, _ value: UnsafeRawBufferPointer) -> Bool {
        let path = path(of: value)
        switch preset {
        case .healthChecks: return healthChecks.contains { equals(path, $0) }
        case .metrics: return metrics.contains { equals(path, $0) }
        case .staticFiles:
            return staticEndings.contains { ending in
                let count = ending.utf8CodeUnitCount
                return path.count > count && equals(UnsafeRawBufferPointer(rebasing: path.suffix(count)), ending)
            }
        }
    }

    /// The path without scheme, host, query and a slash at the end.
    private static func path(of value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        if value.first != 0x2F {
            // `http://host/path`: from the third slash on.
            var slashes = 0
            while start < value.count {
                if value[start] == 0x2F {
                    slashes += 1
                    if slashes == 3 { break }
                }
                start += 1
            }
            if slashes < 3 { return UnsafeRawBufferPointer(rebasing: value[value.count...]) }
        }
        var end = start
        while end < value.count, value[end] != 0x3F, value[end] != 0x23 { end += 1 }
        if end > start + 1, value[end - 1] == 0x2F { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: value[start..<end])
    }

    private static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for index in 0..<bytes.count where lowered(bytes[index]) != expected[index] { return false }
            return true
        }
    }
}
