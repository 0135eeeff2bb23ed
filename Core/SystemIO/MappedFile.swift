internal import Glibc

/// A file mapped into memory for reading; unmapped with this value.
///
/// Only for immutable files: when somebody truncates the file, or the disk cannot be read, touching the memory ends the
/// process with SIGBUS. Where that must not happen, read with ``OpenFile/read(into:at:)``.
@safe
package struct MappedFile: ~Copyable, @unchecked Sendable {
    // Sendable: the memory is mapped read-only and stays until deinit.
    private let memory: UnsafeRawBufferPointer

    /// Maps the whole file. An empty file gives an empty buffer.
    package init(_ path: String) throws(IOError) {
        let file = try OpenFile(path, .read)
        let size = try file.status().size
        if let fault = SystemFaults.next(.map, path) { throw IOError(.map, path, fault.code) }
        if size == 0 {
            unsafe memory = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0),
            unsafe start != MAP_FAILED
        else { throw IOError(.map, path, errno) }
        unsafe memory = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = unsafe memory.baseAddress {
            unsafe _ = munmap(UnsafeMutableRawPointer(mutating: start), memory.count)
        }
    }

    /// The length in bytes.
    package var count: Int { unsafe memory.count }

    /// Lends the bytes; they must not escape the call.
    package borrowing func withBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        unsafe try body(memory)
    }
}
