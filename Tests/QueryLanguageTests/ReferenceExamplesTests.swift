import Glibc
import QueryLanguage
import Testing

@Suite struct ReferenceExamplesTests {
    private static func queries() throws -> [String] {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let file = try #require(fopen(root + "/Fixtures/Queries/reference.queries", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        try #require(count < bytes.count)
        var queries: [String] = []
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix(" "), !queries.isEmpty {
                queries[queries.count - 1] += "\n" + line
            } else {
                queries.append(String(line))
            }
        }
        return queries
    }

    @Test func eachExampleOfTheReferenceIsAQuery() throws {
        let queries = try Self.queries()
        #expect(queries.count > 300)
        for text in queries {
            do {
                let query = try Query(parsing: text)
                #expect(try Query(parsing: query.description) == query, "\(text) is written as \(query)")
            } catch {
                Issue.record("\(error.rendered(in: text))")
            }
        }
    }
}
