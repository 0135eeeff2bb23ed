import Glibc
import Journal
import SystemIO
import TestSupport
import Testing

/// A child process whose standard output is read line by line.
private struct Child: ~Copyable {
    let id: pid_t
    private let output: Int32
    private var rest: [UInt8] = []

    init(_ path: String, _ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var id = pid_t()
        let result = posix_spawn(&id, path, &actions, nil, &words, environ)
        posix_spawn_file_actions_destroy(&actions)
        for word in words { free(word) }
        close(ends[1])
        try #require(result == 0, "cannot start \(path)")
        self.id = id
        output = ends[0]
    }

    deinit { close(output) }

    /// The next whole lines; empty at the end of the output.
    mutating func lines() -> [String] {
        while true {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(output, &buffer, buffer.count)
            if count <= 0 { return [] }
            rest += buffer[..<count]
            guard let end = rest.lastIndex(of: 0x0A) else { continue }
            let whole = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeFirst(end + 1)
            return whole.split(separator: "\n").map(String.init)
        }
    }

    func kill() {
        _ = Glibc.kill(id, SIGKILL)
        var status: Int32 = 0
        waitpid(id, &status, 0)
    }
}

@Suite("Journal: killed processes", .timeLimit(.minutes(15)))
struct JournalCrashTests {
    @Test("What was acknowledged before kill -9 is there, whole and once")
    func kill() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let program = FileSystem.parent(of: try #require(Self.ownProgram)) + "/journal-torture"
        try #require(FileSystem.exists(program), "\(program) is not built")
        let folder = try TemporaryDirectory()
        var acknowledged: Set<UInt64> = []
        var stored: Set<UInt64> = []
        for _ in 0..<5 {
            // The last numbers are sent again, as an agent does that has not seen the answers.
            let highest = acknowledged.max() ?? 0
            var child = try Child(program, [folder.path, String(highest > 50 ? highest - 50 : 1)])
            let goal = acknowledged.count + Int.random(in: 20...300, using: &generator)
            var isKilled = false
            while true {
                let lines = child.lines()
                if lines.isEmpty { break }
                for line in lines {
                    let words = line.split(separator: " ")
                    let number = try #require(words.last.flatMap { UInt64($0) }, "\(line)")
                    if words[0] == "stored" { #expect(stored.insert(number).inserted, "stored twice: \(number)") }
                    acknowledged.insert(number)
                }
                if acknowledged.count >= goal, !isKilled {
                    child.kill()
                    isKilled = true
                }
            }
            #expect(isKilled, "the child ended by itself")
            if !isKilled { child.kill() }

            let directory = try JournalDirectory(folder.path, options: JournalOptions(verification: .allFiles))
            #expect(directory.status.damages == 0)
            let records = try directory.read(from: 1, maxBytes: .max).records.map(\.record)
            let numbers = records.map(\.sequence)
            #expect(Set(numbers).count == numbers.count, "stored twice, seed \(seed)")
            #expect(acknowledged.isSubset(of: numbers), "lost, seed \(seed)")
            for record in records {
                let length = Int(record.sequence &* 2_654_435_761 % 1_500)
                #expect(record.payload == (0..<length).map { UInt8(truncatingIfNeeded: record.sequence + UInt64($0)) })
            }
        }
    }

    private static var ownProgram: String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}
