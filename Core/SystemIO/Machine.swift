internal import CPosixShims

/// What the machine has.
package enum Machine {
    /// Processors that are there for programs to run on; at least 1.
    package static var processors: Int { max(1, Int(lodge_processors())) }

    /// Bytes of memory of this process that are resident; 0 when that is not known.
    package static var residentBytes: Int { Int(lodge_resident_bytes()) }
}
