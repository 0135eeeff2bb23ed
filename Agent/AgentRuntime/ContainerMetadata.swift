import AgentPipeline
import Diagnostics
import LineFormats
import Settings
import SystemIO

/// What files tell of containers: Docker's `config.v2.json` beside a log, and a map from pods to labels that something
/// else keeps up to date. Both are read again when they change. Belongs to the reading thread.
final class ContainerMetadata: SourceDescriber {
    /// How long what was read is taken for right, nanoseconds.
    private static let interval: UInt64 = 10_000_000_000
    /// Containers that are remembered; more only cost reading again.
    private static let containerLimit = 20_000
    /// Labels of one container, and bytes of one of them.
    private static let labelLimit = 64
    private static let labelBytes = 1_024

    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int
        var modified: Int64
    }

    private struct Known {
        var description: SourceDescription
        var configuration: Stamp?
        var pods: Int
        var checkedAt: UInt64
    }

    private let mapPath: String?
    private let log: DiagnosticLog
    private var known: [String: Known] = [:]
    private var pods: [String: [(name: String, value: String)]] = [:]
    private var podsStamp: Stamp?
    private var podsVersion = 0
    private var podsCheckedAt: UInt64?
    /// The time of what follows, monotonic nanoseconds.
    var now: UInt64 = 0

    /// - Parameters:
    ///   - mapPath: a YAML or JSON file of `namespace/pod: {label: value}`.
    ///   - log: hears of files that cannot be read.
    init(mapPath: String?, log: DiagnosticLog) {
        self.mapPath = mapPath
        self.log = log
    }

    func description(ofContainer path: String) -> SourceDescription {
        readPods()
        if let entry = known[path], entry.pods == podsVersion, now &- entry.checkedAt < ContainerMetadata.interval {
            return entry.description
        }
        let file = configuration(of: path)
        let stamp = file.flatMap { stampOf($0) }
        if var entry = known[path], entry.pods == podsVersion, entry.configuration == stamp {
            entry.checkedAt = now
            known[path] = entry
            return entry.description
        }
        var description = SourceDescription(ofContainer: path)
        if let file, stamp != nil { addDocker(file, to: &description) }
        addPod(to: &description)
        if known.count >= ContainerMetadata.containerLimit { known.removeAll() }
        known[path] = Known(description: description, configuration: stamp, pods: podsVersion, checkedAt: now)
        return description
    }

    /// Docker's own file about the container whose log a path leads to.
    private func configuration(of path: String) -> String? {
        var place = path
        for _ in 0..<8 {
            guard let next = FileSystem.linkTarget(place) else { break }
            place = next
        }
        guard let id = ContainerPath(place).id else { return nil }
        let directory = FileSystem.parent(of: place)
        return directory.hasSuffix("/" + id) ? directory + "/config.v2.json" : nil
    }

    private func stampOf(_ path: String) -> Stamp? {
        // What is not there or may not be read tells nothing.
        guard let status = (try? FileSystem.status(path)) ?? nil, status.kind == .file else { return nil }
        return Stamp(inode: status.inode, size: status.size, modified: status.modifiedNanos)
    }

    private func addDocker(_ file: String, to description: inout SourceDescription) {
        guard let content = try? FileSystem.contents(file, limit: 4 << 20),
            let value = try? JSONValue(parsing: content)
        else {
            log.warn("a container's configuration cannot be read, its events have no labels", ("path", file))
            return
        }
        let name = value["Name"]?.string.map { String($0.drop { $0 == "/" }) }
        var labels = (value["Config"]?["Labels"]?.members ?? []).compactMap { member in
            member.value.string.map { (name: member.key, value: $0) }
        }
        func label(_ name: String) -> String? { labels.first { $0.name == name }?.value }
        let isKnown = description.fields.contains { $0.name == "k8s.pod" }
        if !isKnown, let pod = label("io.kubernetes.pod.name") {
            let kubernetes = [
                ("k8s.namespace", label("io.kubernetes.pod.namespace")), ("k8s.pod", pod),
                ("k8s.pod_uid", label("io.kubernetes.pod.uid")),
                ("k8s.container", label("io.kubernetes.container.name")),
            ]
            for case (let field, let value?) in kubernetes { description.fields.append((field, value)) }
            description.service = description.service ?? label("io.kubernetes.container.name")
        }
        description.service = description.service ?? label("com.docker.compose.service") ?? name
        if let name { description.fields.append(("container.name", name)) }
        if let image = value["Config"]?["Image"]?.string { description.fields.append(("container.image", image)) }
        labels.removeAll { $0.name.hasPrefix("io.kubernetes.") || $0.name.hasPrefix("annotation.io.kubernetes.") }
        add(labels, as: "container.label.", to: &description)
    }

    private func addPod(to description: inout SourceDescription) {
        func field(_ name: String) -> String? { description.fields.first { $0.name == name }?.value }
        guard let namespace = field("k8s.namespace"), let pod = field("k8s.pod"),
            let labels = pods["\(namespace)/\(pod)"]
        else { return }
        add(labels, as: "k8s.label.", to: &description)
    }

    private func add(
        _ labels: [(name: String, value: String)], as prefix: String, to description: inout SourceDescription
    ) {
        for label in labels.prefix(ContainerMetadata.labelLimit)
        where label.value.utf8.count <= ContainerMetadata.labelBytes {
            description.fields.append((prefix + label.name, label.value))
        }
    }

    /// Reads the map of pods, if it is time and it has changed.
    private func readPods() {
        guard let mapPath else { return }
        if let last = podsCheckedAt, now &- last < ContainerMetadata.interval { return }
        podsCheckedAt = now
        let stamp = stampOf(mapPath)
        if stamp == podsStamp, stamp != nil || podsVersion > 0 { return }
        podsStamp = stamp
        podsVersion += 1
        guard stamp != nil else {
            log.warn("the map of pods is not there, events have no labels of pods", ("path", mapPath))
            return
        }
        do throws(SettingsError) {
            let read = try podLabels(mapPath)
            pods = read
        } catch {
            // What was known is better than nothing: the file may be in the middle of being written.
            log.warn("the map of pods cannot be read, the last one counts", ("reason", error.description))
        }
    }
}

/// Reads a map of `namespace/pod: {label: value}`.
func podLabels(_ path: String) throws(SettingsError) -> [String: [(name: String, value: String)]] {
    try readSettings(path: path) { (root) throws(SettingsError) in
        var pods: [String: [(name: String, value: String)]] = [:]
        for (key, labels) in try root.allPairs() { pods[key] = labels }
        return pods
    }
}
