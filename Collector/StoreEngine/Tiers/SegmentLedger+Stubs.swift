internal import SegmentCatalog
internal import StoreFormat

extension SegmentLedger {
    /// Sets the stub of a cold segment aside that turned out to be damaged; the segment is read from the object store alone
    /// until it has a new one.
    ///
    /// - Returns: whether there was such a stub, and opening the segment anew may help.
    func dropStub(of segment: StoredSegment, in directory: SegmentDirectory, because error: any Error) -> Bool {
        let name = segment.record.name
        guard error is StoreFormatError, directory.stub(of: name) != nil else { return false }
        let place = directory.setAside(SegmentDirectory.stubName(name))
        report("stub \(place) is damaged and set aside: \(error); it is made again from the object store")
        let replacement = directory.segment(segment.record)
        // When it is not in use any more, the caller finds others in its place.
        try? commit { (segments) throws(StoreError) in try segments.setTier(of: replacement) }
        return true
    }
}
