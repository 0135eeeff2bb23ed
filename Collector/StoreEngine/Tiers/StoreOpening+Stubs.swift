internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO

/// Cold segments, when a store is opened. The object store is not asked: it may be away.
extension StoreOpening {
    /// Removes local files of segments that have become cold: the last step of a move, which a crash cut off.
    ///
    /// - Returns: the other files.
    func removeDeparted(
        from files: [(name: String, size: Int)], _ known: [SegmentRecord]
    ) -> [(name: String, size: Int)] {
        let cold = Set(known.filter { $0.tier == .cold }.map(\.name))
        var kept: [(name: String, size: Int)] = []
        for file in files {
            // Without a stub that is intact the file is better than nothing.
            if cold.contains(file.name), let stub = directory.stub(of: file.name),
                (try? SegmentReader.footer(atEndOf: stub)) != nil
            {
                // One that stays is no harm: its catalog entry says that it is cold.
                try? directory.remove(file.name)
            } else {
                kept.append(file)
            }
        }
        return kept
    }

    /// Records of the cold segments.
    ///
    /// A segment with a local file that is intact is not cold for as long as the catalog does not say so: its stub is what
    /// an interrupted move left, and goes. One that the catalog calls cold is, with or without its stub.
    ///
    /// - Parameters:
    ///   - known: what the catalog has.
    ///   - local: names of segments whose local files are intact.
    /// - Returns: the records of the others that are cold, live or retired.
    /// - Throws: when the directory cannot be read.
    func examineStubs(_ known: [SegmentRecord], local: Set<String>) throws(IOError) -> [SegmentRecord] {
        var cold = known.filter { $0.tier == .cold && !local.contains($0.name) }
        let names = Set(cold.map(\.name))
        for file in try FileSystem.list(directory.path) {
            guard let name = SegmentDirectory.segmentName(ofStub: file), !names.contains(name) else { continue }
            if local.contains(name) {
                try? directory.remove(file)
            } else if let record = record(ofStub: file, name, known.first { $0.name == name }) {
                cold.append(record)
            }
        }
        return cold
    }

    /// What a stub says about its segment; nil when it is damaged, and set aside then.
    private func record(ofStub file: String, _ name: String, _ known: SegmentRecord?) -> SegmentRecord? {
        guard let stub = directory.stub(of: name) else { return nil }
        do {
            let footer = try SegmentReader.footer(atEndOf: stub)
            guard let said = SegmentName(name), said.positions == footer.journalPositions,
                said.generation == Int(clamping: footer.generation)
            else { throw StoreFormatError("its name and its footer say different things") }
            var record =
                known ?? SegmentRecord(footer, name: name, bytes: footer.tailOffset + stub.length, createdAt: now)
            record.tier = .cold
            return record
        } catch {
            report("stub \(directory.setAside(file)) is damaged and set aside: \(error)")
            return nil
        }
    }
}
