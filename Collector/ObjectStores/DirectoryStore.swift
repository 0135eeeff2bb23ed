internal import ByteCoding
internal import Glibc
internal import SystemIO

/// A directory as an object store, of the local disk or a mounted one. A key is a path below it.
///
/// A marker file tells whom it belongs to. It keeps two collectors from taking each other's objects for orphans, and an
/// empty mount point from being taken for a store that has lost everything: without the marker the store is away.
package struct DirectoryStore: ObjectStore {
    /// The file that names the owner.
    package static let markerName = ".lodge-object-store"
    /// Where objects are written before they get their names; what a crash leaves there is removed at the next start.
    static let incomingName = ".incoming"
    /// Bytes copied or read at once, between two looks at the clock.
    private static let pieceBytes = 1 << 20

    /// The directory.
    package let path: String
    /// What it is, for sentences.
    package var name: String { "the object store in \(path)" }
    private let owner: String

    /// Names a store. Each call looks whether it is there and ours.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - owner: who may use it: a word without spaces that stays the same for ever.
    package init(_ path: String, owner: String) {
        self.path = path
        self.owner = owner
    }

    /// Looks whether the store can be used, and removes what interrupted puts have left.
    ///
    /// - Parameter mayClaim: whether an empty or missing directory may be made a store of this owner. Not when there are
    ///   objects that should be in it: then its file system is not mounted.
    /// - Throws: ``ObjectStoreError/refused(_:)`` when it belongs to another owner;
    ///   ``ObjectStoreError/unavailable(_:)`` when it is not there, or holds other things.
    package func open(mayClaim: Bool) throws(ObjectStoreError) {
        do throws(IOError) {
            if mayClaim { try claim() }
        } catch {
            throw problem(error, nil)
        }
        try checkOwner()
        do throws(IOError) { try FileSystem.removeTree("\(path)/\(Self.incomingName)") } catch {
            throw problem(error, nil)
        }
    }

    /// Stores a file; see ``ObjectStore/put(_:file:content:_:)``.
    package func put(
        _ key: ObjectKey, file: String, content: ObjectContent, _ bounds: CallBounds
    ) throws(ObjectStoreError) {
        try checkOwner()
        let incoming = "\(path)/\(Self.incomingName)"
        let temporary = "\(incoming)/\(SystemClock.monotonicNanos())-\(UInt32.random(in: 0...UInt32.max))"
        do {
            try FileSystem.createDirectory(incoming)
            try copy(file, to: temporary, content, bounds)
            let target = place(of: key)
            try FileSystem.createDirectory(FileSystem.parent(of: target))
            try FileSystem.rename(temporary, to: target)
            try FileSystem.syncDirectory(FileSystem.parent(of: target))
        } catch {
            try? FileSystem.remove(temporary)
            throw (error as? ObjectStoreError) ?? (error as? IOError).map { problem($0, nil) } ?? .refused("\(error)")
        }
    }

    /// Reads a part of an object; see ``ObjectStore/read(_:_:_:)``.
    package func read(
        _ key: ObjectKey, _ range: Range<UInt64>, _ bounds: CallBounds
    ) throws(ObjectStoreError) -> [UInt8] {
        precondition(range.count <= CallBounds.maxReadBytes, "a read of an object is bounded")
        do {
            let file = try OpenFile(place(of: key), .read)
            let status = try file.status()
            guard status.kind == .file else { throw ObjectStoreError.notFound(key) }
            guard range.upperBound <= UInt64(status.size) else {
                throw ObjectStoreError.refused(
                    "\(name): \(key) ends at byte \(status.size), before \(range.upperBound)")
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(range.count)
            while bytes.count < range.count {
                try bounds.check(name)
                let wanted = min(Self.pieceBytes, range.count - bytes.count)
                let piece = try file.bytes(at: Int(range.lowerBound) + bytes.count, count: wanted)
                guard piece.count == wanted else { throw ObjectStoreError.refused("\(name): \(key) became shorter") }
                bytes += piece
            }
            return bytes
        } catch {
            throw (error as? ObjectStoreError) ?? (error as? IOError).map { problem($0, key) } ?? .refused("\(error)")
        }
    }

    /// What is known of an object; see ``ObjectStore/head(_:_:)``.
    package func head(_ key: ObjectKey, _ bounds: CallBounds) throws(ObjectStoreError) -> ObjectFacts {
        try bounds.check(name)
        do throws(IOError) {
            if let status = try FileSystem.status(place(of: key)), status.kind == .file {
                return ObjectFacts(key: key, length: UInt64(status.size), storedAt: status.modifiedNanos)
            }
        } catch {
            throw problem(error, key)
        }
        try checkOwner()
        throw .notFound(key)
    }

    /// Lists objects; see ``ObjectStore/list(prefix:after:limit:_:)``.
    package func list(
        prefix: String, after: ObjectKey?, limit: Int, _ bounds: CallBounds
    ) throws(ObjectStoreError) -> [ObjectFacts] {
        try checkOwner()
        var keys: [ObjectKey] = []
        try gather("", &keys, bounds) { folder in prefix.hasPrefix(folder) || folder.hasPrefix(prefix) }
        var found: [ObjectFacts] = []
        for key in keys.sorted() where key.text.hasPrefix(prefix) && after.map({ $0 < key }) ?? true {
            if found.count >= limit { break }
            do throws(ObjectStoreError) {
                found.append(try head(key, bounds))
            } catch {
                // Deleted meanwhile.
                guard case .notFound = error else { throw error }
            }
        }
        return found
    }

    /// Deletes an object; see ``ObjectStore/delete(_:_:)``.
    package func delete(_ key: ObjectKey, _ bounds: CallBounds) throws(ObjectStoreError) {
        try bounds.check(name)
        try checkOwner()
        let file = place(of: key)
        do throws(IOError) {
            try FileSystem.remove(file)
            try FileSystem.syncDirectory(FileSystem.parent(of: file))
        } catch {
            if !error.isMissing { throw problem(error, key) }
        }
    }

    private func place(of key: ObjectKey) -> String { "\(path)/\(key.text)" }

    private var marker: String { "\(path)/\(Self.markerName)" }

    /// Makes an empty directory ours.
    private func claim() throws(IOError) {
        if FileSystem.exists(marker) { return }
        try FileSystem.createDirectory(path)
        // `lost+found` is what a fresh file system has.
        guard try FileSystem.list(path).allSatisfy({ $0 == "lost+found" }) else { return }
        try FileSystem.writeAtomically(marker, Array("\(owner)\n".utf8))
    }

    private func checkOwner() throws(ObjectStoreError) {
        let found: String
        do throws(IOError) {
            found = String(decoding: try FileSystem.contents(marker, limit: 4_096), as: UTF8.self)
        } catch {
            guard error.isMissing else { throw problem(error, nil) }
            throw .unavailable("\(name) is not there (it has no file \(Self.markerName)): is its file system mounted?")
        }
        guard found.split(whereSeparator: \.isWhitespace).first.map(String.init) == owner else {
            throw .refused("\(name) belongs to another collector: choose another directory, or see \(marker)")
        }
    }

    private func copy(
        _ source: String, to target: String, _ content: ObjectContent, _ bounds: CallBounds
    ) throws {
        let input = try OpenFile(source, .read)
        let output = try OpenFile(target, .createNew)
        var offset = 0
        var checksum: UInt32 = 0
        while true {
            try bounds.check(name)
            let piece = try input.bytes(at: offset, count: Self.pieceBytes)
            if piece.isEmpty { break }
            checksum = crc32c(piece, seed: checksum)
            try output.write(piece, at: offset)
            offset += piece.count
        }
        guard ObjectContent(length: UInt64(offset), checksum: checksum) == content else {
            throw ObjectStoreError.refused("\(source) does not hold the bytes that it should: it was not stored")
        }
        try output.syncAll()
    }

    /// All keys below `folder`, which is empty or ends with a slash; folders that `isWanted` rules out are not read.
    private func gather(
        _ folder: String, _ keys: inout [ObjectKey], _ bounds: CallBounds, _ isWanted: (String) -> Bool
    ) throws(ObjectStoreError) {
        try bounds.check(name)
        do {
            for name in try FileSystem.list("\(path)/\(folder)") {
                // Neither the marker nor what is being written is a key.
                guard let key = ObjectKey(folder + name) else { continue }
                switch try FileSystem.status(place(of: key))?.kind {
                case .file: keys.append(key)
                case .directory where isWanted(key.text + "/"): try gather(key.text + "/", &keys, bounds, isWanted)
                default: break
                }
            }
        } catch {
            throw (error as? ObjectStoreError) ?? (error as? IOError).map { problem($0, nil) } ?? .refused("\(error)")
        }
    }

    /// What a failed system call means. An object that a store does not have, in a store that is there, is not found. No
    /// permission and no space need somebody to act. All else, a network file system that is away for one, may pass.
    private func problem(_ error: IOError, _ key: ObjectKey?) -> ObjectStoreError {
        if error.isMissing || error.code == ENOTDIR, let key {
            do throws(ObjectStoreError) { try checkOwner() } catch { return error }
            return .notFound(key)
        }
        if error.isOutOfSpace { return .refused("\(name) is full: \(error)") }
        if [EACCES, EPERM, EROFS].contains(error.code) { return .refused("\(name): \(error)") }
        return .unavailable("\(name) is away: \(error)")
    }
}
