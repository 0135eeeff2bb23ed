import ByteCoding
import LineFormats
import LogModel

extension CheckReport {
    /// For people: a line for each finding, and a summary.
    package var text: String {
        var lines = findings.map { finding in
            var line = "\(finding.part.rawValue) \(finding.file): \(finding.what)"
            if let loss = finding.loss { line += "; lost: \(loss.text)" }
            if finding.isKnown { line += "; set aside before" }
            if let repair = finding.repair { line += "; \(repair)" }
            return line
        }
        lines.append(
            "read \(bytes) bytes: \(journalRecords) records in \(journalFiles) journal files, \(rows) events in "
                + "\(segments) segments\(catalogRecords.map { ", \($0) segments in the catalog" } ?? "")")
        switch verdict {
        case .sound: lines.append("nothing is damaged")
        case .damaged: lines.append("damaged: \(lossText); with --repair it is set aside and the rest kept")
        case .repaired: lines.append("repaired: \(lossText)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var lossText: String {
        if lostRows == 0 && lostBatches == 0 { return "no whole event is lost" }
        return [(lostRows, "events"), (lostBatches, "batches")].filter { $0.0 > 0 }.map { "\($0) \($1)" }
            .joined(separator: " and ") + " lost"
    }

    /// For programs: one JSON object; docs/operation/damage.md describes it.
    package var json: String {
        var members: [JSONValue.Member] = [
            .init("verdict", .string(verdict.rawValue)), .init("bytes", .number("\(bytes)")),
            .init("journal_files", .number("\(journalFiles)")), .init("journal_records", .number("\(journalRecords)")),
            .init("segments", .number("\(segments)")), .init("rows", .number("\(rows)")),
            .init("lost_rows", .number("\(lostRows)")), .init("lost_batches", .number("\(lostBatches)")),
        ]
        if let catalogRecords { members.append(.init("catalog_records", .number("\(catalogRecords)"))) }
        members.append(.init("findings", .array(findings.map(\.json))))
        return String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
    }
}

extension CheckFinding {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("part", .string(part.rawValue)), .init("file", .string(file)), .init("what", .string(what)),
            .init("known", .bool(isKnown)),
        ]
        if let loss { members.append(.init("lost", loss.json)) }
        if let repair { members.append(.init("repair", .string(repair))) }
        return .object(members)
    }
}

extension CheckFinding.Loss {
    fileprivate var text: String {
        var parts: [String] = []
        if !fields.isEmpty { parts.append("the fields \(fields.joined(separator: ", ")) of") }
        if let rows { parts.append("\(rows) events") }
        if let batches { parts.append("\(batches) batches") }
        if !tenants.isEmpty { parts.append("of \(tenants.joined(separator: ", "))") }
        if let first { parts.append("from \(Timestamp(nanoseconds: first))") }
        if let last { parts.append("to \(Timestamp(nanoseconds: last))") }
        return parts.joined(separator: " ")
    }

    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init("tenants", .array(tenants.map { .string($0) }))]
        if let rows { members.append(.init("rows", .number("\(rows)"))) }
        if let batches { members.append(.init("batches", .number("\(batches)"))) }
        if let first { members.append(.init("from", .string(Timestamp(nanoseconds: first).description))) }
        if let last { members.append(.init("to", .string(Timestamp(nanoseconds: last).description))) }
        if !fields.isEmpty { members.append(.init("fields", .array(fields.map { .string($0) }))) }
        return .object(members)
    }
}
