extension OpenAPI {
    /// A parameter of a query string or of a form, or the name at the end of a path.
    struct Parameter {
        /// What operations call it: its name, unless that means something else elsewhere.
        var key: String
        var name: String
        /// YAML on one line.
        var schema: String
        var description: String
        var isInPath: Bool

        init(_ name: String, _ schema: String, _ description: String, key: String? = nil, isInPath: Bool = false) {
            self.key = key ?? name
            self.name = name
            self.schema = schema
            self.description = description
            self.isInPath = isInPath
        }
    }

    private static let text = "{type: string}"
    private static let texts = "{type: array, items: {type: string}}"
    private static let logsql = "{type: string, format: logsql}"
    private static let time = "{type: string, format: time}"
    private static let duration = "{type: string, format: duration}"
    private static let count = "{type: integer, minimum: 0}"
    private static let order = "{type: string, enum: [asc, desc]}"

    static let parameters: [Parameter] = [
        .init("query", logsql, "a query in LogsQL"),
        .init("start", time, "only events from this time on: RFC 3339, an epoch number, or 5m for that long ago"),
        .init("end", time, "only events up to this time, the second it names included"),
        .init("time", time, "what relative times count from, and the time of results; else end, else now"),
        .init("timeout", duration, "how long the query may run"),
        .init(
            "extra_filters", "{type: array, items: {type: string, format: logsql}}",
            "a filter that holds beside the query, LogsQL or {\"field\":\"value\"}"),
        .init(
            "extra_stream_filters", "{type: array, items: {type: string, format: logsql}}",
            "a filter of streams that holds beside the query, LogsQL or {\"label\":\"value\"}"),
        .init("limit", count, "the newest so many rows, or the most frequent so many values"),
        .init(
            "explain", "{type: boolean}", "whether to answer with how the query is run, and its cost, instead of rows"),
        .init("step", duration, "the length of intervals, a day when there is none"),
        .init("offset", duration, "how far intervals are moved, for time zones"),
        .init("field", texts, "a field to group by; may come several times", key: "groupField"),
        .init("field", text, "the field whose values are wanted"),
        .init("fields_limit", count, "only so many groups, the others together"),
        .init("max_values_per_field", count, "fields with more values are left out"),
        .init("max_value_len", count, "fields with longer values are left out"),
        .init("keep_const_fields", "{type: boolean}", "whether fields with one value come, too"),
        .init("service", text, "only events of these services, with commas between them"),
        .init("host", text, "only events of these hosts, with commas between them"),
        .init("level", text, "only events of these levels, with commas between them"),
        .init("max_rate", count, "events a second at most"),
        .init("last_event_id", count, "goes on behind the event with this id; so does the header Last-Event-ID"),
        .init("startTime", time, "only events from this time on"),
        .init("endTime", time, "only events before this time"),
        .init("source", text, "only events of this source"),
        .init("logLevel", text, "only events of this level, in any spelling of its letters"),
        .init("keyword", text, "only events whose message has this word or phrase, in any case"),
        .init("size", count, "events of a page, 20 when there is none"),
        .init("sort", order, "newest first (desc) or oldest first (asc)"),
        .init("cursor", "{type: string, format: cursor}", "next_cursor of the page before"),
        .init("_time_field", text, "members that the time is read from"),
        .init("_msg_field", text, "members that the message is read from"),
        .init("_stream_fields", text, "members that make up the stream"),
        .init("id", text, "the `id` that GET /v1/queries tells", isInPath: true),
        .init("name", text, "the `agent` that GET /v1/agents tells", isInPath: true),
        .init("quarantine", duration, "for how long queries of this shape are refused from now on, up to 7d"),
    ]
}
