/// The segment that a block belongs to; nil for one in memory.
package func segment(of block: any BlockSource) -> SegmentReader? { (block as? SegmentBlock)?.segment }
