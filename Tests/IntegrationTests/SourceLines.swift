import Glibc
import SystemIO

/// Lines of real systems where the shared corpus is there, else lines of our own; carriage returns, empty lines, long
/// lines, NUL and invalid UTF-8 among them.
struct SourceLines {
    /// For each file name its lines, without the line feed.
    var files: [(name: String, lines: [[UInt8]])]

    init() {
        let shared = SourceLines.root + "/../shared/corpus/loghub"
        let names = ((try? FileSystem.list(shared)) ?? []).filter { $0.hasSuffix(".log") }
        if names.isEmpty {
            files = SourceLines.made()
        } else {
            files = names.map { name in
                let content = (try? FileSystem.contents(shared + "/" + name, limit: 64 << 20)) ?? []
                return (
                    name, content.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { Array($0) }
                )
            }
        }
        let long = [UInt8](repeating: 0x78, count: 300_000) + Array(" the end of a long line\r".utf8)
        let odd: [[UInt8]] = [
            [], [0x0D], Array("one\ttab and a carriage return\r".utf8), [0x61, 0x00, 0x62], [0xFF, 0xFE, 0xC3, 0x28],
            Array("{\"not\":\"closed".utf8), Array("  leading and trailing blanks  ".utf8), long,
        ]
        for index in files.indices { files[index].lines.append(contentsOf: odd) }
    }

    private static let root: String = {
        // This file is Tests/IntegrationTests/SourceLines.swift below the root.
        var path = #filePath
        for _ in 0..<3 { path = FileSystem.parent(of: path) }
        return path
    }()

    private static func made() -> [(name: String, lines: [[UInt8]])] {
        (0..<6).map { file in
            let lines = (0..<2_000).map { number in
                let ending = file % 2 == 0 ? "\r" : ""
                return Array(
                    ("2025-06-15 14:\(10 + number / 60 % 50):\(10 + number % 50),\(100 + number % 900) "
                        + ["INFO", "WARN", "ERROR"][number % 3] + " [worker-\(number % 7)] file \(file) line "
                        + "\(number % 500) took \(number * 7 % 1_000)ms\(ending)").utf8)
            }
            return ("made-\(file).log", lines)
        }
    }
}
