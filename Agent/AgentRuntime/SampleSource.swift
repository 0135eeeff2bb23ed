import AgentInputs
import AgentPipeline
import AgentStreams

/// How `lodge-agent test` reads the lines of a sample.
struct SampleSource {
    /// What the lines stand in: a path, or the name of a source that is no file.
    let path: String
    let profile: SourceProfile

    /// Chooses one of the sources of a configuration.
    ///
    /// - Parameters:
    ///   - settings: the configuration.
    ///   - path: the file that the lines shall stand in; nil for any.
    ///   - source: the name of a source that is no file, or its kind; nil for a file if there is one.
    /// - Throws: ``AgentError`` when there is none like that.
    init(of settings: AgentSettings, path: String?, source: String?) throws(AgentError) {
        let streams = settings.streams.lineSources
        if let source {
            guard let found = streams.first(where: { $0.path == source || $0.path.hasPrefix("\(source):") }) else {
                let known = streams.map(\.path).joined(separator: ", ")
                throw AgentError("no source is called \(source); there are: \(known.isEmpty ? "none" : known)")
            }
            self = found
        } else if let path {
            let found = settings.files.first { files in
                files.include.contains { GlobPattern($0, relativeTo: "/").matches(path) }
                    && !files.exclude.contains { GlobPattern($0, relativeTo: "/").matches(path) }
            }
            guard let found else { throw AgentError("no group of files matches \(path)") }
            self.init(path: path, profile: found.profile)
        } else if let files = settings.files.first {
            guard let path = SampleSource.path(of: files) else {
                throw AgentError("--path must say in which file the lines stand: one that `include` matches")
            }
            self.init(path: path, profile: files.profile)
        } else if let stream = streams.first {
            self = stream
        } else {
            throw AgentError("there are no files and no other sources of lines, so there is nothing to read lines like")
        }
    }

    init(path: String, profile: SourceProfile) {
        self.path = path
        self.profile = profile
    }

    /// A file that a group might have; nil when none is found.
    private static func path(of files: AgentSettings.Files) -> String? {
        for include in files.include {
            var name = ""
            for character in include {
                switch character {
                // Two stars are any directories: one will do.
                case "*": name += name.hasSuffix("sample") ? "" : "sample"
                case "?": name += "x"
                default: name.append(character)
                }
            }
            let pattern = GlobPattern(include, relativeTo: "/")
            let candidate = GlobPattern(name, relativeTo: "/").text
            guard pattern.matches(candidate) else { continue }
            if !files.exclude.contains(where: { GlobPattern($0, relativeTo: "/").matches(candidate) }) {
                return candidate
            }
        }
        return nil
    }
}

extension StreamSettings {
    /// The sources of lines; an entry of the journal is none.
    fileprivate var lineSources: [SampleSource] {
        syslog.map { SampleSource(path: $0.address.path, profile: $0.profile) }
            + (standardInput.map { [SampleSource(path: "stdin", profile: $0)] } ?? [])
            + programs.map { SampleSource(path: "exec:\($0.name)", profile: $0.profile) }
    }
}
