import CollectorIngest
import GapTracking
import Journal
import LogModel
import StoreEngine
import SystemIO

/// What the parts of a collector know of their losses, as gaps.
extension GapRegistry {
    /// Lost records that are looked at one by one, whether a segment has their events.
    private static let lookedAt: UInt64 = 10_000

    /// Notes events that were not taken.
    func note(_ rejected: RejectedEvents) {
        note(
            Gap.Loss(
                .deadLetters, agent: rejected.agent ?? "", source: rejected.source, reason: rejected.reason.rawValue,
                events: rejected.count, bytes: rejected.bytes,
                times: rejected.times.lowerBound.nanoseconds...rejected.times.upperBound.nanoseconds))
    }

    /// Notes records that the journal has lost, unless segments have their events. They arrived between the records next
    /// to them; what the events themselves say of their time nobody knows.
    func note(_ damage: JournalDamage, in store: Store) {
        guard !damage.isTornTail, let last = damage.lost.last else { return }
        let count = damage.lost.upperBound - damage.lost.lowerBound
        if count <= Self.lookedAt, damage.lost.allSatisfy({ store.isStored(position: $0) }) { return }
        let end = damage.notAfter ?? SystemClock.wallNanos()
        note(
            Gap.Loss(
                .journal, reason: damage.reason.rawValue, records: Int(clamping: count), bytes: damage.length,
                times: min(damage.notBefore ?? .min, end)...end, positions: damage.lost.lowerBound...last))
    }

    /// Notes a record of the journal that is whole and says nothing.
    func noteUndecodable(_ record: CommittedRecord) {
        let arrival = record.record.ingestTime
        note(
            Gap.Loss(
                .journal, agent: record.record.agent, reason: "undecodable", records: 1,
                bytes: record.record.payload.count, times: arrival...arrival,
                positions: record.position...record.position))
    }
}
