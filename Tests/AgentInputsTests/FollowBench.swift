import AgentInputs
import AgentPipeline
import Glibc
import SystemIO
import TestSupport
import Testing

/// A temporary directory with files, a follower over them that is driven step by step, and what it handed over.
final class FollowBench: FollowConsumer {
    private let folder: TemporaryDirectory
    var directory: String { folder.path }
    var follower: FileFollower
    var clock: UInt64 = 1_000_000_000
    var lines: [String] = []
    var events: [FollowEvent] = []
    var losses: [FollowLoss] = []
    /// What a registry would know: the last state of each source.
    var registry: [UInt64: SourceState] = [:]
    var hasRoom = true
    var rounds: [FollowRound] = []
    let cutter = LineCutter(maxLineBytes: 1 << 20)
    let patterns: [String]
    let exclude: [String]
    var options: FollowOptions
    let profile: SourceProfile
    let treatment: FileTreatment
    /// Whether changes are told.
    private let isWatching: Bool
    private var watcher = ChangeWatcher()
    private var planVersion = 0
    /// What happens once between a look at everything and the watches that it leads to.
    var beforeWatching: (() throws -> Void)?
    /// Sources that only memory knows of.
    var unsafe: Set<UInt64> = []

    init(
        _ patterns: [String] = ["app.log"], exclude: [String] = [], options: FollowOptions = FollowOptions(),
        profile: SourceProfile = SourceProfile(), treatment: FileTreatment = FileTreatment(), watching: Bool = false
    ) throws {
        folder = try TemporaryDirectory()
        isWatching = watching
        self.treatment = treatment
        self.patterns = patterns
        self.exclude = exclude
        self.options = options
        self.profile = profile
        follower = FollowBench.follower(folder.path, patterns, exclude, options, profile, treatment, nextID: 1)
    }

    private static func follower(
        _ directory: String, _ patterns: [String], _ exclude: [String], _ options: FollowOptions,
        _ profile: SourceProfile, _ treatment: FileTreatment, nextID: UInt64
    ) -> FileFollower {
        let input = FileInput(
            include: patterns.map { GlobPattern($0, relativeTo: directory) },
            exclude: exclude.map { GlobPattern($0, relativeTo: directory) }, profile: profile,
            treatment: treatment)
        return FileFollower(inputs: [input], nextID: nextID, ownDirectories: ["\(directory)/state"], options: options)
    }

    // MARK: Files

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func append(_ text: String, to name: String = "app.log") throws { try append(Array(text.utf8), to: name) }

    func append(_ bytes: [UInt8], to name: String = "app.log") throws {
        let file = try OpenFile(path(name), .append)
        try bytes.withUnsafeBytes { try file.write($0) }
    }

    func rename(_ old: String, _ new: String) throws { try FileSystem.rename(path(old), to: path(new)) }

    func link(_ old: String, _ new: String) throws {
        if Glibc.link(path(old), path(new)) != 0 { throw IOError(.create, path(new), errno) }
    }

    func symlink(_ old: String, _ new: String) throws {
        if Glibc.symlink(old, path(new)) != 0 { throw IOError(.create, path(new), errno) }
    }

    /// Makes a file look as if it had not been changed for some time.
    func age(_ name: String, seconds: Int) throws {
        let then = timespec(tv_sec: time(nil) - seconds, tv_nsec: 0)
        if utimensat(AT_FDCWD, path(name), [then, then], 0) != 0 { throw IOError(.stat, path(name), errno) }
    }

    /// Packs a file as rotation programs do; its time stays, or is set back.
    func pack(_ name: String, age seconds: Int = 0) throws {
        var child: pid_t = 0
        let words: [String] = ["gzip", path(name)]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { arguments.forEach { free($0) } }
        var status: Int32 = 1
        if posix_spawnp(&child, "gzip", nil, nil, arguments, environ) == 0 { waitpid(child, &status, 0) }
        if status != 0 { throw IOError(.create, path(name + ".gz"), status) }
        if seconds > 0 { try age(name + ".gz", seconds: seconds) }
    }

    func remove(_ name: String) throws { try FileSystem.remove(path(name)) }

    func copy(_ old: String, _ new: String) throws {
        try? remove(new)
        try append(try FileSystem.contents(path(old), limit: 64 << 20), to: new)
    }

    func truncate(_ name: String = "app.log") throws { try OpenFile(path(name), .readWrite).truncate(to: 0) }

    // MARK: Steps

    /// Lets time pass and polls until there is nothing more to do at once.
    func step(seconds: Double = 1) {
        clock += UInt64(seconds * 1e9)
        for _ in 0..<1000 {
            if isWatching { follower.note(watcher.wait(milliseconds: 0)) }
            let round = follower.poll(at: clock, self)
            rounds.append(round)
            if isWatching, planVersion != follower.planVersion {
                planVersion = follower.planVersion
                let action = beforeWatching
                beforeWatching = nil
                do { try action?() } catch { Issue.record(error) }
                let result = watcher.watch(follower.plan)
                follower.watches(result)
                if result.hasNew {
                    // Looks at everything keep a distance.
                    clock += 20_000_000
                    continue
                }
            }
            if !round.hasMore || round.isPaused { return }
        }
        Issue.record("the follower always has more")
    }

    /// Ends the follower and starts another one from what the registry knows.
    func restart() {
        let next = (registry.keys.max() ?? 0) + 1
        follower = FollowBench.follower(directory, patterns, exclude, options, profile, treatment, nextID: next)
        planVersion = 0
        follower.resume(registry.values.sorted { $0.id < $1.id }, at: clock, self)
    }

    /// The lines since the last call.
    func taken() -> [String] {
        defer { lines = [] }
        return lines
    }

    // MARK: Consumer

    func makeRoom() -> Bool { hasRoom }

    func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding
    ) -> Int {
        var parts = state.parts
        defer { state.parts = parts }
        if let multiline = profile.multiline {
            return RecordCutter(maxLineBytes: cutter.maxLineBytes)
                .cut(bytes, by: multiline, parts: &parts, ending: ending) { piece in
                    lines.append(String(decoding: piece.bytes, as: UTF8.self))
                    return true
                }
        }
        return cutter.cut(bytes, parts: &parts, isFinal: ending == .final) { piece in
            lines.append(String(decoding: piece.bytes, as: UTF8.self))
            return true
        }
    }

    func advanced(_ state: SourceState, from: Int) {
        #expect(state.offset > from)
        #expect(state.prefixLength == min(state.offset, SourceState.prefixLimit))
        registry[state.id] = state
    }

    func relocated(_ state: SourceState) { registry[state.id] = state }
    func forgotten(_ id: UInt64) { registry[id] = nil }
    func report(_ event: FollowEvent) { events.append(event) }
    func safeOffset(of state: SourceState) -> Int { unsafe.contains(state.id) ? 0 : state.offset }
    func skipped(_ state: SourceState) { registry[state.id] = state }
    func lost(_ loss: FollowLoss) { losses.append(loss) }
}
