/// A field that all events of a run of bytes share, such as who has sent them.
package struct SharedField: Sendable, Equatable {
    /// The name.
    package let name: String
    /// The value.
    package let value: [UInt8]

    /// Makes it.
    package init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
