/// A place for whole, immutable objects outside of the data directory: a directory, or a service that speaks S3.
///
/// The calls block and may be made from any thread. All calls are bounded: by ``CallBounds`` in time, by the arguments
/// in bytes and entries. Every implementation passes the contract in `Tests/ObjectStoresTests`.
package protocol ObjectStore: Sendable {
    /// What it is and where, for sentences: `directory /mnt/archive`.
    var name: String { get }

    /// Stores a file as an object, replacing one of that key at once and as a whole. When it returns, the object is
    /// durable and its bytes were checked against `content`.
    ///
    /// - Parameters:
    ///   - key: the name of the object.
    ///   - file: the path of a file that nobody changes meanwhile.
    ///   - content: what the file's bytes must be; other bytes are refused, and nothing is stored.
    ///   - bounds: how long it may take.
    /// - Throws: ``ObjectStoreError``; the object that was there, if any, is unchanged then.
    func put(
        _ key: ObjectKey, file: String, content: ObjectContent, _ bounds: CallBounds
    ) throws(ObjectStoreError)

    /// Reads a part of an object.
    ///
    /// - Parameters:
    ///   - key: the name of the object.
    ///   - range: from which byte to which, at most ``CallBounds/maxReadBytes`` and within the object.
    ///   - bounds: how long it may take.
    /// - Returns: all bytes of the range.
    /// - Throws: ``ObjectStoreError``; ``ObjectStoreError/refused(_:)`` for a range that reaches past the end.
    func read(_ key: ObjectKey, _ range: Range<UInt64>, _ bounds: CallBounds) throws(ObjectStoreError) -> [UInt8]

    /// What is known of an object without its bytes.
    ///
    /// - Throws: ``ObjectStoreError``; ``ObjectStoreError/notFound(_:)`` when there is no such object.
    func head(_ key: ObjectKey, _ bounds: CallBounds) throws(ObjectStoreError) -> ObjectFacts

    /// Lists objects in the order of their keys.
    ///
    /// - Parameters:
    ///   - prefix: what keys begin with; empty for all.
    ///   - after: only keys behind this one, to go on from the last of the answer before.
    ///   - limit: the most entries; an answer with fewer is the last.
    ///   - bounds: how long it may take.
    /// - Returns: what is known of each object.
    /// - Throws: ``ObjectStoreError``.
    func list(
        prefix: String, after: ObjectKey?, limit: Int, _ bounds: CallBounds
    ) throws(ObjectStoreError) -> [ObjectFacts]

    /// Deletes an object for good. No error when there is none.
    ///
    /// - Throws: ``ObjectStoreError``.
    func delete(_ key: ObjectKey, _ bounds: CallBounds) throws(ObjectStoreError)
}

/// What the bytes of an object must be.
package struct ObjectContent: Equatable, Sendable {
    /// How many bytes.
    package var length: UInt64
    /// Their CRC-32C.
    package var checksum: UInt32

    /// Describes bytes.
    package init(length: UInt64, checksum: UInt32) {
        self.length = length
        self.checksum = checksum
    }
}

/// What a store tells of an object.
package struct ObjectFacts: Equatable, Sendable {
    /// The name of the object.
    package var key: ObjectKey
    /// Its length in bytes.
    package var length: UInt64
    /// When it was stored by the store's clock, nanoseconds since 1970.
    package var storedAt: Int64

    /// Describes an object.
    package init(key: ObjectKey, length: UInt64, storedAt: Int64) {
        self.key = key
        self.length = length
        self.storedAt = storedAt
    }
}

/// Why a store did not do what was asked. The three reasons ask for different answers of the caller.
package enum ObjectStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The store works, and has no such object.
    case notFound(ObjectKey)
    /// The store cannot be reached or takes too long: it may work later, unchanged. A sentence says why.
    case unavailable(String)
    /// The store will not do it until somebody acts: no permission, no space, bytes that do not match. A sentence says
    /// why.
    case refused(String)
    /// Nobody waits for the answer any more.
    case cancelled

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .notFound(let key): "the object store has no object \(key)"
        case .unavailable(let reason), .refused(let reason): reason
        case .cancelled: "the call was cancelled"
        }
    }
}
