internal import CPosixShims

/// What the machine has.
package enum Machine {
    /// Processors that are there for programs to run on; at least 1.
    package static var processors: Int { max(1, Int(lodge_processors())) }
}
