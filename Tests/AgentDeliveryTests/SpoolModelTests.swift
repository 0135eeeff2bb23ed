import AgentDelivery
import AgentPipeline
import LogModel
import SystemIO
import TestSupport
import Testing

/// Random histories of a spool: what is delivered and what is counted as dropped is all there is, once.
@Suite(.timeLimit(.minutes(15)))
struct SpoolModelTests {
    /// A spool between a producer and a collector that remembers everything.
    private final class World {
        let place: Workplace
        var spool: Spool
        var registry: Registry
        var writer: SpoolWriter
        var queue: SpoolQueue
        var generator: SeededGenerator
        var produced = [Int](repeating: 0, count: Level.allCases.count)
        var droppedNow = [Int](repeating: 0, count: Level.allCases.count)
        /// Whether heartbeats reach the collector.
        var isReached = true
        var drops = DropLog()
        /// The last report that the collector has, and the events of all.
        var lastDrop: UInt64 = 0
        var told = [Int](repeating: 0, count: Level.allCases.count)
        var noted = [Int](repeating: 0, count: Level.allCases.count)
        /// What the collector has, by epoch and sequence.
        var stored: [String: [String]] = [:]
        var offset = 0
        var levels: [String] = ["DEBUG", "INFO", "WARN", "ERROR"]
        var events = 0

        init(seed: UInt64) throws {
            place = try Workplace()
            generator = SeededGenerator(seed: seed)
            spool = try place.spool(limit: 8 << 20)
            let content = RegistryContent(agent: "a", epoch: 8, fingerprint: 1)
            registry = Registry(place.path, content, generation: 0)
            try registry.save()
            writer = SpoolWriter(spool)
            queue = makeQueue(spool)
            writer = makeWriter()
        }

        func makeWriter() -> SpoolWriter {
            SpoolWriter(spool) { [unowned self] notes in dropped(notes) }
        }

        /// Whatever is open is forgotten, as a crash does.
        func crash() throws {
            let none = try Workplace()
            let other = try none.spool()
            (spool, writer, queue) = (other, SpoolWriter(other), makeQueue(other))
            guard case .content(let content, let generation, _) = try Registry.load(place.path) else {
                Issue.record("the registry is gone")
                return
            }
            registry = Registry(place.path, content, generation: generation)
            spool = try place.spool(limit: 8 << 20, behind: content.cursors)
            #expect(!spool.isDamaged)
            writer = makeWriter()
            queue = makeQueue(spool, behind: content.cursors)
            drops = DropLog()
            // Reading goes on behind what is in the spool.
            offset = content.sources.first?.offset ?? 0
            #expect(spool.forEachProgress(behind: content.cursors) { self.offset = max(self.offset, $0.state.offset) })
            #expect(offset == events * 10)
        }

        private func dropped(_ notes: [DropNote]) {
            for note in notes where note.reason == SpoolWriter.full {
                droppedNow[Int(note.level.rawValue)] += note.events
                if note.level == .error { expectNothingLower() }
            }
        }

        /// But for what somebody may have.
        private func expectNothingLower() {
            for priority in [Priority.debug, .info, .warn] {
                #expect(!spool.hasDroppable(priority), "an ERROR was dropped while \(priority) waits")
            }
        }

        func append() throws {
            var lines: [(level: String, text: String)] = []
            for _ in 0..<(1 + generator.below(3)) {
                let level = generator.pick(levels)
                lines.append((level, "\(events + lines.count) \(level) " + noise(generator.below(400_000), &generator)))
            }
            do {
                try writer.append(batch(lines, from: offset), agent: "a", epoch: 8, now: 1)
                for line in lines { produced[Int(Level(parsing: line.level).rawValue)] += 1 }
                events += lines.count
                offset += lines.count * 10
            } catch SpoolError.full {
                // It would be offered again; here the producer of this line has ended.
                try crash()
            }
        }

        func send(canFail: Bool) throws {
            guard let batch = try Lane.inOrder.lazy.compactMap({ try self.queue.first(in: $0) }).first else { return }
            if queue.needsSave(batch, saved: registry.savedCursors) { try settle(saving: true) }
            guard let mayBeStored = queue.begin(batch) else { return }
            let key = "\(batch.record.epoch) \(batch.record.sequence)"
            let texts = try messages(batch.record).map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
            switch canFail ? generator.below(4) : 0 {
            case 0, 1:
                if let known = stored[key] { #expect(known == texts, "a number stands for two batches") }
                stored[key] = texts
                queue.finish(batch)
            case 2:
                // The answer is lost.
                if let known = stored[key] { #expect(known == texts, "a number stands for two batches") }
                stored[key] = texts
            default:
                if !mayBeStored { queue.abandon(batch) }
            }
        }

        /// What is counted for another reason.
        func note() throws {
            let times = Timestamp(nanoseconds: 1)...Timestamp(nanoseconds: 2)
            let notes = Level.allCases.map { level in
                DropNote(level: level, reason: "rejected", events: 1 + generator.below(9), path: "/x", times: times)
            }
            for note in notes { noted[Int(note.level.rawValue)] += note.events }
            _ = try spool.note(notes)
        }

        func beat(canFail: Bool) {
            let chance = canFail ? generator.below(3) : 0
            if chance == 1 || canFail && !isReached { return }
            for report in drops.entries where report.number > lastDrop {
                told[Int(report.level.rawValue)] += report.events
                lastDrop = report.number
            }
            // Else the answer is lost.
            if chance == 0 { drops.acknowledged(upTo: lastDrop) }
        }

        func settle(saving: Bool) throws {
            var applied = registry.content.cursors.ledger
            try queue.settle { number, progress in
                applied = number
                self.registry.acknowledge(progress)
            }
            drops.saved(through: spool.toldForGood())
            while let (number, notes) = try queue.nextReport(), drops.take(number, notes) { queue.passReport() }
            let reported = drops.reported(taken: queue.reportsPassed)
            let offset = registry.content.sources.first?.offset ?? 0
            for lane in Lane.inOrder {
                guard let first = try queue.first(in: lane) else { continue }
                #expect(first.record.shares.allSatisfy { $0.bytes.lowerBound >= offset }, "a file moved on too early")
            }
            let lanes = spool.laneCursors
            registry.move { cursors in
                cursors.ledger = max(cursors.ledger, applied)
                cursors.reported = max(cursors.reported, reported)
                cursors.lanes = zip(cursors.lanes, lanes.lanes).map { max($0, $1) }
            }
            if saving {
                try registry.save()
                try spool.release(before: registry.cursorsForGood)
            }
        }
    }

    @Test(arguments: 0..<4)
    func whatIsMissingIsCounted(_ round: Int) throws {
        let world = try World(seed: drawSeed())
        if round == 1 { world.levels = ["ERROR", "DEBUG"] }
        for step in 0..<350 {
            // For a while more is counted than is told at once.
            if round == 3 { world.isReached = !(50..<250).contains(step) }
            switch world.generator.below(28) {
            case 0..<11: try world.append()
            case 11..<15: try world.send(canFail: true)
            case 15..<18: try world.settle(saving: world.generator.chance(70))
            case 18: if world.generator.chance(30) { try world.crash() }
            case 19..<23: world.beat(canFail: true)
            case 23..<27: if round > 1 { try world.note() }
            default: if round != 2, world.generator.chance(50) { try world.spool.summarize(1) }
            }
        }
        try world.crash()
        while try Lane.inOrder.contains(where: { try world.queue.first(in: $0) != nil }) {
            try world.send(canFail: false)
        }
        try world.settle(saving: true)
        #expect(world.registry.content.sources.first?.offset ?? 0 == world.events * 10)

        var stored = [Int](repeating: 0, count: Level.allCases.count)
        var texts = Set<String>()
        for text in world.stored.values.joined() {
            #expect(texts.insert(text).inserted, "stored twice: \(text)")
            stored[Int(Level(parsing: String(text.split(separator: " ")[1])).rawValue)] += 1
        }
        for level in Level.allCases {
            let index = Int(level.rawValue)
            #expect(
                stored[index] + world.droppedNow[index] == world.produced[index],
                "\(level.name): \(world.produced[index]) produced, \(stored[index]) stored, \(world.droppedNow[index]) dropped"
            )
        }
        #expect(world.droppedNow.reduce(0, +) > 0, "the spool was never full")
        // Some heartbeats take what is left: each takes no more than a few hundred reports.
        for _ in 0..<60 {
            world.beat(canFail: false)
            try world.settle(saving: true)
        }
        for level in Level.allCases {
            let index = Int(level.rawValue)
            let counted = world.droppedNow[index] + world.noted[index]
            #expect(world.told[index] == counted, "\(level.name): \(counted) counted, \(world.told[index]) told")
        }
    }
}
