import Glibc
package import ScreenModel

/// Screens kept as text that a person can read: `Tests/Fixtures/<module>/v1/<name>.txt`.
///
/// With `LODGE_UPDATE_GOLDENS=1` in the environment the file is written instead of compared; look at the difference
/// before it is committed.
package enum GoldenScreen {
    /// Compares a screen with its file.
    ///
    /// - Parameters:
    ///   - grid: the screen.
    ///   - module: folder of the fixture.
    ///   - name: file without its ending.
    ///   - testFile: `#filePath` of the test, two folders below the repository.
    /// - Returns: nil when they are equal, else what differs.
    package static func difference(
        _ grid: ScreenGrid, module: String, name: String, testFile: String
    ) -> String? {
        let parts = testFile.split(separator: "/", omittingEmptySubsequences: false)
        let root = parts.dropLast(2).joined(separator: "/")
        let path = "\(root)/Fixtures/\(module)/v1/\(name).txt"
        let actual = grid.golden()
        if getenv("LODGE_UPDATE_GOLDENS") != nil {
            guard let file = fopen(path, "w") else { return "cannot write \(path)" }
            defer { fclose(file) }
            fputs(actual, file)
            return nil
        }
        guard let file = fopen(path, "r") else { return "cannot read \(path)" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        let expected = String(decoding: bytes, as: UTF8.self)
        guard expected != actual else { return nil }
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        var report = "\(name) differs:\n"
        for index in 0..<max(old.count, new.count) {
            let left = index < old.count ? String(old[index]) : ""
            let right = index < new.count ? String(new[index]) : ""
            if left != right { report += "  - \(left)\n  + \(right)\n" }
        }
        return report
    }
}
