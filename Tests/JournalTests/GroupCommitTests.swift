import Glibc
import Journal
import SystemIO
import TestSupport
import Testing
import Workers

/// Collects answers of appends.
private final class Answers: Sendable {
    private let state = Monitor<[Int: Result<JournalReceipt, JournalError>]>([:])

    func completion(_ key: Int) -> GroupCommitJournal.Completion {
        { [state] result in
            state.withLock { answers in
                #expect(answers[key] == nil, "answered twice")
                answers[key] = result
            }
            state.broadcast()
        }
    }

    /// Waits until there are `count` answers.
    func wait(_ count: Int) throws -> [Int: Result<JournalReceipt, JournalError>] {
        let deadline = SystemClock.monotonicNanos() + 120_000_000_000
        return try #require(state.wait(until: deadline) { $0.count >= count ? $0 : nil })
    }

    var count: Int { state.withLock { $0.count } }
}

/// Blocks the journal's thread in a subscriber until it is opened.
private final class Gate: Sendable {
    private let state = Monitor((isOpen: false, arrived: 0))

    func pass() {
        state.withLock { $0.arrived += 1 }
        state.broadcast()
        _ = state.wait { $0.isOpen ? true : nil }
    }
    func waitForArrival() { _ = state.wait { $0.arrived > 0 ? true : nil } }
    func open() {
        state.withLock { $0.isOpen = true }
        state.broadcast()
    }
}

@Suite("Journal: group commit", .timeLimit(.minutes(15)))
struct GroupCommitTests {
    @Test(
        "Every record acknowledged to many threads is read back once, in every durability",
        arguments: [JournalDurability.fsync, .interval(.milliseconds(1)), .operatingSystem])
    func manyThreads(durability: JournalDurability) throws {
        let folder = try TemporaryDirectory()
        let answers = Answers()
        let (threads, each) = (8, 200)
        let handed = Monitor<[JournalPosition]>([])
        do {
            let journal = try GroupCommitJournal(
                folder.path, options: JournalOptions(fileBytes: 64 << 10, duplicates: .init()), durability: durability)
            _ = journal.subscribe { records in handed.withLock { $0 += records.map(\.position) } }
            let workers = try (0..<threads).map { thread in
                try DedicatedThread(name: "append-\(thread)") {
                    for number in 1...each {
                        journal.append(
                            sample(number, agent: "agent-\(thread)"),
                            completion: answers.completion(thread * 1_000 + number))
                    }
                }
            }
            for worker in workers { worker.join() }
            _ = try answers.wait(threads * each)
            #expect(journal.statistics.records == UInt64(threads * each))
            #expect(journal.statistics.waitingBytes == 0)
            journal.stop()
        }
        let directory = try JournalDirectory(folder.path)
        let records = try directory.read(from: 1, maxBytes: .max).records
        #expect(records.count == threads * each)
        #expect(handed.withLock { $0 } == records.map(\.position))
        let byPosition = Dictionary(uniqueKeysWithValues: records.map { ($0.position, $0.record) })
        for (key, answer) in try answers.wait(threads * each) {
            guard case .success(.stored(let position)) = answer else {
                Issue.record("\(key): \(answer)")
                continue
            }
            let record = try #require(byPosition[position])
            expectSame(record, sample(key % 1_000, agent: "agent-\(key / 1_000)"))
        }
    }

    @Test("A batch sent again is a duplicate: at once, across files, and after reopening")
    func duplicates() async throws {
        let folder = try TemporaryDirectory()
        let options = JournalOptions(fileBytes: 4096, duplicates: .init())
        for round in 0..<3 {
            let journal = try GroupCommitJournal(folder.path, options: options)
            for number in 1...(60 * (round + 1)) {
                let receipt = try await journal.append(sample(number))
                #expect((receipt == .duplicate) == (number <= 60 * round), "round \(round), number \(number)")
            }
            #expect(try await journal.append(sample(5)) == .duplicate)
            let next = journal.directory.nextPosition
            #expect(journal.directory.status.files > 1)
            // The checkpoint of the oldest file kept stands for all that was removed.
            try journal.directory.removeFiles(before: next)
            #expect(journal.directory.status.files == 1)
            journal.stop()
        }
    }

    @Test("Records without a number are never duplicates")
    func unnumbered() async throws {
        let folder = try TemporaryDirectory()
        let journal = try GroupCommitJournal(folder.path)
        for _ in 1...3 {
            let receipt = try await journal.append(JournalRecord(ingestTime: 1, payload: [1]))
            #expect(receipt != .duplicate)
        }
        journal.stop()
    }

    @Test("A copy of a batch that is being stored waits for it and becomes a duplicate")
    func inFlight() throws {
        let folder = try TemporaryDirectory()
        let journal = try GroupCommitJournal(folder.path)
        let gate = Gate()
        let answers = Answers()
        _ = journal.subscribe { _ in gate.pass() }
        journal.append(sample(1), completion: answers.completion(1))
        gate.waitForArrival()
        journal.append(sample(2), completion: answers.completion(2))
        journal.append(sample(2), completion: answers.completion(3))
        journal.append(sample(2), completion: answers.completion(4))
        #expect(answers.count == 0)
        gate.open()
        let results = try answers.wait(4)
        journal.stop()
        #expect(results[3] == .success(.duplicate) && results[4] == .success(.duplicate))
        guard case .success(.stored) = results[2] else {
            Issue.record("\(String(describing: results[2]))")
            return
        }
        #expect(try journal.directory.read(from: 1).records.count == 2)
    }

    @Test("Too many waiting bytes are refused at once and counted")
    func overload() throws {
        let folder = try TemporaryDirectory()
        let journal = try GroupCommitJournal(folder.path, waitingBytes: 10_000)
        let gate = Gate()
        let answers = Answers()
        _ = journal.subscribe { _ in gate.pass() }
        func large(_ number: UInt64) -> JournalRecord {
            JournalRecord(ingestTime: 1, agent: "a", sequence: number, payload: [UInt8](repeating: 1, count: 6_000))
        }
        journal.append(large(1), completion: answers.completion(1))
        gate.waitForArrival()
        journal.append(large(2), completion: answers.completion(2))
        journal.append(large(3), completion: answers.completion(3))
        let early = try answers.wait(1)
        guard case .failure(.overloaded(_, let limit)) = early[3] else {
            Issue.record("\(early)")
            return
        }
        #expect(limit == 10_000)
        gate.open()
        _ = try answers.wait(3)
        #expect(journal.statistics.overloaded == 1)
        journal.append(large(3), completion: answers.completion(4))
        #expect(try answers.wait(4)[4] != .success(.duplicate), "a refused batch was not seen")
        journal.stop()
    }

    @Test("A full disk fails the group, duplicates of it too, and later groups are stored")
    func full() async throws {
        let folder = try TemporaryDirectory()
        let journal = try GroupCommitJournal(folder.path)
        _ = try await journal.append(sample(1))
        let token = SystemFaults.add(.init(.write, path: folder.path, code: ENOSPC, tornBytes: 70))
        defer { SystemFaults.remove(token) }
        let error = await #expect(throws: JournalError.self) { try await journal.append(sample(2)) }
        guard case .full = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await journal.append(sample(2)) != .duplicate)
        #expect(try await journal.append(sample(2)) == .duplicate)
        #expect(journal.failure == nil)
        journal.stop()
        #expect(try journal.directory.read(from: 1).records.map(\.record.sequence) == [1, 2])
    }

    @Test("After a failed sync nothing is acknowledged any more, and reading goes on")
    func failedSync() async throws {
        let folder = try TemporaryDirectory()
        let journal = try GroupCommitJournal(folder.path)
        _ = try await journal.append(sample(1))
        let token = SystemFaults.add(.init(.sync, path: folder.path, code: EIO))
        defer { SystemFaults.remove(token) }
        for number in 2...4 {
            let error = await #expect(throws: JournalError.self) { try await journal.append(sample(number)) }
            guard case .failed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(journal.failure != nil)
        #expect(try journal.directory.read(from: 1).records.map(\.record.sequence) == [1])
        journal.stop()
    }

    @Test("Subscribers get attachments, from the number they were told; the rest is on disk")
    func subscribers() async throws {
        let folder = try TemporaryDirectory()
        let journal = try GroupCommitJournal(folder.path)
        _ = try await journal.append(sample(1))
        let seen = Monitor<[String]>([])
        let subscription = journal.subscribe { records in
            seen.withLock { $0 += records.map { ($0.record.attachment as? String) ?? "none" } }
        }
        #expect(try journal.directory.read(from: 1).next == subscription.from)
        var record = sample(2)
        record.attachment = "decoded"
        guard case .stored(let position) = try await journal.append(record) else {
            Issue.record("not stored")
            return
        }
        #expect(position == subscription.from)
        #expect(seen.withLock { $0 } == ["decoded"], "handed over before it was acknowledged")
        journal.unsubscribe(subscription.token)
        journal.stop()
        await #expect(throws: JournalError.stopped) { try await journal.append(sample(3)) }
    }
}
