// Appends numbered batches from several threads until it is killed, and prints each number once it is acknowledged.
// Usage: journal-torture DIRECTORY FIRST_NUMBER

import Glibc
import Journal
import Workers

let arguments = CommandLine.arguments
guard arguments.count == 3, let first = UInt64(arguments[2]) else {
    print("usage: journal-torture DIRECTORY FIRST_NUMBER")
    exit(2)
}
let options = JournalOptions(fileBytes: 64 << 10, duplicates: .init())
let journal = try GroupCommitJournal(arguments[1], options: options)
let next = Monitor(first)

/// The payload of a batch follows from its number.
func batch(_ number: UInt64) -> JournalRecord {
    let length = Int(number &* 2_654_435_761 % 1_500)
    return JournalRecord(
        ingestTime: Int64(number), agent: "torture", epoch: 1, sequence: number,
        payload: (0..<length).map { UInt8(truncatingIfNeeded: number &+ UInt64($0)) })
}

let threads = try (0..<4).map { index in
    try DedicatedThread(name: "append-\(index)") {
        while true {
            let number = next.withLock { value -> UInt64 in
                defer { value += 1 }
                return value
            }
            let done = Monitor(false)
            journal.append(batch(number)) { result in
                switch result {
                case .success(let receipt):
                    let word = receipt == .duplicate ? "duplicate" : "stored"
                    let line = Array("\(word) \(number)\n".utf8)
                    _ = write(1, line, line.count)
                case .failure(let error):
                    print(error)
                    exit(1)
                }
                done.withLock { $0 = true }
                done.signal()
            }
            _ = done.wait { $0 ? true : nil }
        }
    }
}
for thread in threads { thread.join() }
