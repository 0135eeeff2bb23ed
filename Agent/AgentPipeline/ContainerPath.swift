/// What the path of a container's log file tells, as container runtimes and the kubelet lay them out:
/// `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log`, `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log` and
/// `/var/lib/docker/containers/ID/ID-json.log`.
package struct ContainerPath: Sendable, Equatable {
    /// The namespace of the pod.
    package var namespace: String?
    /// The name of the pod.
    package var pod: String?
    /// The number of the pod, unlike that of any other.
    package var podUID: String?
    /// The name of the container within the pod.
    package var container: String?
    /// The runtime's number of the container: 64 hexadecimal digits.
    package var id: String?

    /// Reads a path; nothing is known of one that is laid out otherwise.
    package init(_ path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count >= 3, let name = parts.last else { return }
        let directory = parts[parts.count - 2]
        // Neither namespaces nor pods have an underscore in their names.
        let pod = parts[parts.count - 3].split(separator: "_", omittingEmptySubsequences: false)
        if parts.count >= 4, parts[parts.count - 4] == "pods", pod.count == 3 {
            namespace = String(pod[0])
            self.pod = String(pod[1])
            podUID = String(pod[2])
            container = String(directory)
        } else if directory == "containers", name.hasSuffix(".log") {
            let names = name.dropLast(4).split(separator: "_", omittingEmptySubsequences: false)
            guard names.count == 3, let dash = names[2].lastIndex(of: "-") else { return }
            let id = names[2][names[2].index(after: dash)...]
            guard ContainerPath.isID(id) else { return }
            self.pod = String(names[0])
            namespace = String(names[1])
            container = String(names[2][..<dash])
            self.id = String(id)
        } else if ContainerPath.isID(directory), name.hasPrefix(directory) {
            id = String(directory)
        }
    }

    private static func isID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 &- 0x61 < 6 }
    }

    /// The fields that events get.
    package var fields: [(name: String, value: String)] {
        let all = [
            ("k8s.namespace", namespace), ("k8s.pod", pod), ("k8s.pod_uid", podUID), ("k8s.container", container),
            ("container.id", id),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

/// What is known of all events of a file beside what the configuration says.
package struct SourceDescription: Sendable {
    /// The `service` label where the configuration names none.
    package var service: String?
    /// Fields of each event.
    package var fields: [(name: String, value: String)]

    /// Makes a description.
    package init(service: String? = nil, fields: [(name: String, value: String)] = []) {
        self.service = service
        self.fields = fields
    }
}

extension SourceDescription {
    /// What the path of a container's log file tells.
    package init(ofContainer path: String) {
        let known = ContainerPath(path)
        self.init(service: known.container, fields: known.fields)
    }
}

/// Knows more of files than their bytes tell.
package protocol SourceDescriber: AnyObject {
    /// What is known of a container's log file. Called for each run of bytes: what takes time must be kept.
    func description(ofContainer path: String) -> SourceDescription
}
