import LogModel

/// The names of the fields that formats give, with their numbers in a batch. A name gets its number when it is first
/// used, so that batches do not carry names in vain.
struct FormatNames {
    enum Name: Int, CaseIterable {
        case client, user, method, path, version, request, status, bytes, referrer, userAgent
        case host, service, process, messageID, facility, identifier, unit

        var text: String {
            switch self {
            case .client: "client"
            case .user: "user"
            case .method: "method"
            case .path: "path"
            case .version: "protocol"
            case .request: "request"
            case .status: "status"
            case .bytes: "bytes"
            case .referrer: "referrer"
            case .userAgent: "user_agent"
            case .host: FieldName.host
            case .service: FieldName.service
            case .process: "pid"
            case .messageID: "msgid"
            case .facility: "facility"
            case .identifier: "identifier"
            case .unit: "unit"
            }
        }
    }

    private var numbers = [UInt32](repeating: .max, count: Name.allCases.count)

    /// The number of a name.
    mutating func number(_ name: Name, _ builder: inout EventBatchBuilder) -> UInt32 {
        let known = numbers[name.rawValue]
        if known != .max { return known }
        let number = builder.name(name.text)
        numbers[name.rawValue] = number
        return number
    }
}
