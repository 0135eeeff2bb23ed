/// How segments are merged.
package struct CompactionOptions: Sendable, Equatable {
    /// Whether they are.
    package var isOn = true
    /// The share of one core that merging takes at most, over 0 up to 1.
    package var cpuShare = 0.5
    /// Bytes that merging reads and writes in a second at most.
    package var bytesPerSecond = 64 << 20
    /// Bytes up to which segments are merged into one.
    package var maxSegmentBytes: UInt64 = 256 << 20
    /// zstd's level for merged segments: they are read often and written seldom.
    package var compressionLevel: Int32 = 6

    /// Makes the options that are used when nothing else is said.
    package init() {}
}
