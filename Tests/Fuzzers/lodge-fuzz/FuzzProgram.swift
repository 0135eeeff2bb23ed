// Built in two ways. With libFuzzer (`make fuzz`), whose main calls what is exported below; and as part of every build,
// with a main of its own that feeds given files once, to look at a finding in a debugger.

import FuzzTargets
import Glibc
import SystemIO

/// What the environment asks for.
enum Chosen {
    /// `LODGE_FUZZ_TARGET`: which decoder is fed.
    static let target: FuzzTarget = {
        let name = ProcessEnvironment.value("LODGE_FUZZ_TARGET") ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            print("LODGE_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
            exit(2)
        }
        return target
    }()

    /// Writes the seeds of the target into the directory of `LODGE_FUZZ_SEEDS`, if that is set.
    static func writeSeeds() throws {
        guard let folder = ProcessEnvironment.value("LODGE_FUZZ_SEEDS") else { return }
        try FileSystem.createDirectory(folder)
        for (number, seed) in try target.seeds().enumerated() {
            try FileSystem.writeAtomically("\(folder)/seed-\(number)", seed)
        }
    }
}

enum ProcessEnvironment {
    static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

#if FUZZING
    /// Called once by libFuzzer, before it reads the inputs to begin with.
    @_cdecl("LLVMFuzzerInitialize")
    public func initialize(
        _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) -> CInt {
        do { try Chosen.writeSeeds() } catch {
            print("the seeds cannot be written: \(error)")
            exit(2)
        }
        return 0
    }

    /// Called by libFuzzer with each input.
    @_cdecl("LLVMFuzzerTestOneInput")
    public func feed(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        Chosen.target.run(UnsafeRawBufferPointer(start: start, count: count))
        return 0
    }
#else
    @main
    enum FuzzProgram {
        static func main() throws {
            try Chosen.writeSeeds()
            for path in CommandLine.arguments.dropFirst() {
                let input = try FileSystem.contents(path, limit: 64 << 20)
                input.withUnsafeBytes { Chosen.target.run($0) }
                print("\(path): read to its end")
            }
        }
    }
#endif
