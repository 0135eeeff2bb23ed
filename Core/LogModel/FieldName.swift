/// Names of fields that mean the same everywhere, as LogsQL spells them.
public enum FieldName {
    /// The time of the event.
    public static let time = "_time"
    /// The message.
    public static let message = "_msg"
    /// The stream, written `{service="a",host="b"}`.
    public static let stream = "_stream"
    /// The stream's id, 32 hexadecimal digits.
    public static let streamID = "_stream_id"
    /// The level in the event's own spelling.
    public static let level = "level"
    /// The service that wrote the event.
    public static let service = "service"
    /// The host it ran on.
    public static let host = "host"

    /// Whether a name stands for a part that every event has; a field of an event cannot take its place.
    public static func isReserved(_ name: String) -> Bool {
        name == time || name == message || name == stream || name == streamID
    }

    /// The labels that make up a stream when the sender does not say which.
    public static let defaultStreamLabels = ["service", "host", "environment", "region"]
}
