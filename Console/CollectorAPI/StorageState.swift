import LineFormats

/// The answer of `/v1/storage`.
package struct StorageState: Sendable, Equatable {
    /// How full the disk is, in percent.
    package var usedPercent = 0.0
    /// Bytes that may still be written on it.
    package var availableBytes = 0
    /// The stage of pressure, one word.
    package var stage = ""
    /// What the collector does about it.
    package var measures = ""
    /// Sentences about what somebody should look after.
    package var problems: [String] = []

    package init() {}

    /// Reads an answer; members that are missing stay zero.
    ///
    /// - Throws: ``RequestFailure/malformed(_:)`` when it is no JSON object.
    package init(parsing body: [UInt8]) throws(RequestFailure) {
        guard let document = try? JSONValue(parsing: body), document.members != nil else {
            throw .malformed("the answer about the storage is no JSON object; is this a collector?")
        }
        let disk = document["disk"]
        usedPercent = disk?["used_percent"]?.double ?? 0
        availableBytes = disk?["available_bytes"]?.int ?? 0
        stage = disk?["stage"]?.string ?? ""
        measures = disk?["measures"]?.string ?? ""
        problems = (document["problems"]?.array ?? []).compactMap(\.string)
    }
}
