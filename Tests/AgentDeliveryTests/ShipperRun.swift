import AgentDelivery
import AgentPipeline
import CurlTransport
import Diagnostics
import SystemIO

/// A spool with a shipper over it.
struct ShipperRun {
    let spool: Spool
    let writer: SpoolWriter
    let registry: Registry
    let shipper: Shipper
    let metrics = MetricRegistry()

    /// Opens the spool of a workplace behind the cursors of a registry.
    init(
        _ place: Workplace, _ collectors: any BatchTransport & Sendable..., limit: Int = 64 << 20,
        heartbeatInterval: Duration = .milliseconds(20), sendRate: Int? = nil, behind cursors: SpoolCursors = .init()
    ) throws {
        spool = try place.spool(limit: limit, whenFull: .wait, behind: cursors)
        writer = SpoolWriter(spool)
        registry = Registry(
            place.path, RegistryContent(agent: "a", epoch: 1, fingerprint: 1, cursors: cursors), generation: 0)
        shipper = try Shipper(
            Shipper.Parts(
                spool: spool, registry: registry, rejectedDirectory: "\(place.path)/rejected", log: place.log(),
                metrics: DeliveryMetrics(metrics), heartbeatInterval: heartbeatInterval,
                destination: Shipper.Destination(
                    collectors.enumerated().map { index, collector in
                        Shipper.Collector(name: "c\(index)") { collector }
                    }, sendRate: sendRate)))
    }

    func put(_ message: String, source: UInt64 = 1, from: Int = 0, to: Int = 10) throws {
        let batch = try batch(message, source: source, from: from, to: to)
        shipper.spooled(try writer.append(batch, agent: "a", epoch: 1, now: 1))
    }

    func finish() { shipper.stop(deadline: SystemClock.monotonicNanos() + 5_000_000_000) }
}

extension FakeCollector {
    /// What it was told of, each number once.
    var told: [UInt64: DropLog.Entry] {
        Dictionary(beats.flatMap(\.drops).map { ($0.number, $0) }) { first, _ in first }
    }
}
