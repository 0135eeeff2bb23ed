import SystemIO

enum SystemIOSupport {
    /// Makes the directory that holds a path.
    static func makeDirectory(_ path: String) throws { try FileSystem.createDirectory(FileSystem.parent(of: path)) }
}
