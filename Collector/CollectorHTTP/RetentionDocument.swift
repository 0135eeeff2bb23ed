package import LineFormats
import LogModel
import SegmentCatalog
package import StoragePolicy
package import StoreEngine

/// What retention would do at a moment, for programs and people.
///
/// - Parameters:
///   - plan: what would go.
///   - segments: the segments that it is about.
/// - Returns: each segment with its events, bytes and times of arrival, by what would be done.
package func retentionDocument(_ plan: RetentionPlan, _ segments: SegmentSet) -> JSONValue {
    var records: [String: SegmentRecord] = [:]
    for record in segments.records { records[record.name] = record }
    func entry(_ name: String, _ more: [JSONValue.Member]) -> JSONValue {
        guard let record = records[name] else { return .object([.init("segment", .string(name))] + more) }
        func time(_ nanoseconds: Int64) -> JSONValue { .string(Timestamp(nanoseconds: nanoseconds).description) }
        return .object(
            [
                .init("segment", .string(name)), .init("tier", .string(record.tier.rawValue)),
                .init("events", .integer(record.rows)), .init("bytes", .integer(record.bytes)),
                .init("first_arrival", time(record.ingestBounds.lowerBound)),
                .init("last_arrival", time(record.ingestBounds.upperBound)),
            ] + more)
    }
    func classes(_ classes: Set<EventClass>) -> JSONValue {
        .array(classes.map { "\($0.tenant)/\($0.level)" }.sorted().map { .string($0) })
    }
    return [
        "past_bytes": .integer(plan.bytesPast),
        "expire": .array(plan.expire.map { entry($0.name, [.init("why", .string($0.reason))]) }),
        "rewrite": .array(
            plan.rewrite.map { rewrite in
                entry(
                    rewrite.name,
                    [
                        .init("left_out_events", .integer(rewrite.rows)),
                        .init("left_out", classes(rewrite.classes)),
                    ])
            }),
        "remove": .array(plan.remove.map { entry($0, []) }),
    ]
}
