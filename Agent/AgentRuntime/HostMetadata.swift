import LineFormats
import SystemIO

/// What `add_metadata` can add.
enum MetadataKind: String {
    case host, cloud
}

/// What files and the environment tell of the machine. Nothing is asked over the network.
struct HostMetadata {
    /// The content of a file; nil when it cannot be read.
    let read: (String) -> [UInt8]?
    /// The value of an environment variable.
    let environment: (String) -> String?

    /// Reads the machine's own files.
    static func machine(environment: @escaping (String) -> String?) -> HostMetadata {
        // A file that is not there tells nothing: other machines have others.
        HostMetadata(read: { try? HostMetadata.content($0) }, environment: environment)
    }

    /// The beginning of a file; those of the kernel do not say how long they are.
    private static func content(_ path: String) throws(IOError) -> [UInt8] {
        try OpenFile(path, .read).bytes(at: 0, count: 1 << 20)
    }

    /// Fields with what is known; those of which nothing is known are left out.
    func fields(_ kind: MetadataKind) -> [(name: String, value: String)] {
        switch kind {
        case .host: host()
        case .cloud: cloud()
        }
    }

    private func host() -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        let release = variables("/etc/os-release")
        add("host.os", release["PRETTY_NAME"] ?? release["NAME"], &fields)
        add("host.kernel", line("/proc/sys/kernel/osrelease"), &fields)
        add("host.arch", line("/proc/sys/kernel/arch"), &fields)
        add("host.id", line("/etc/machine-id"), &fields)
        return fields
    }

    private func cloud() -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        // What cloud-init found out when the machine started.
        let known = read("/run/cloud-init/instance-data.json").flatMap { try? JSONValue(parsing: $0) }?["v1"]
        func value(_ key: String) -> String? { known?[key]?.string }
        add("cloud.provider", value("cloud_name") ?? environment("CLOUD_PROVIDER") ?? vendor(), &fields)
        add("cloud.region", value("region") ?? environment("AWS_REGION") ?? environment("CLOUD_REGION"), &fields)
        add("cloud.zone", value("availability_zone") ?? environment("CLOUD_ZONE"), &fields)
        // Elsewhere the tag is what the maker or the owner of the board has written on it.
        let tag = vendor() == "aws" ? line("/sys/class/dmi/id/board_asset_tag") : nil
        add("cloud.instance_id", value("instance_id") ?? tag, &fields)
        add("k8s.node", environment("NODE_NAME") ?? environment("K8S_NODE_NAME"), &fields)
        add("k8s.namespace", environment("POD_NAMESPACE"), &fields)
        add("k8s.pod", environment("POD_NAME"), &fields)
        return fields
    }

    /// Whose machine the firmware says it is.
    private func vendor() -> String? {
        let name = (line("/sys/class/dmi/id/sys_vendor") ?? "").lowercased()
        let vendors = [
            "amazon": "aws", "google": "gcp", "microsoft": "azure", "digitalocean": "digitalocean",
            "hetzner": "hetzner", "openstack": "openstack", "alibaba": "aliyun", "oracle": "oracle",
        ]
        return vendors.first { name.contains($0.key) }?.value
    }

    private func add(_ name: String, _ value: String?, _ fields: inout [(name: String, value: String)]) {
        guard let value, !value.isEmpty, value.utf8.count <= 256 else { return }
        fields.append((name, value))
    }

    private func line(_ path: String) -> String? {
        guard let bytes = read(path) else { return nil }
        let line = bytes.prefix { $0 != 0x0A && $0 != 0 }
        return line.isEmpty || line.elementsEqual("Not Specified".utf8) ? nil : String(decoding: line, as: UTF8.self)
    }

    /// `NAME="value"` lines.
    private func variables(_ path: String) -> [String: String] {
        var result: [String: String] = [:]
        for line in (read(path) ?? []).split(separator: 0x0A) {
            guard let equals = line.firstIndex(of: 0x3D) else { continue }
            var value = line[(equals + 1)...]
            if value.count >= 2, value.first == 0x22, value.last == 0x22 { value = value.dropFirst().dropLast() }
            result[String(decoding: line[..<equals], as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        return result
    }
}
