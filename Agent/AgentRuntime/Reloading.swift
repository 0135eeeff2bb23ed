import CurlTransport
import SystemIO

/// What a change of the configuration asks for, compared with what runs.
struct SettingsChange {
    let old: AgentSettings
    let new: AgentSettings

    /// Why the new settings cannot be used at all; nil when they can.
    var refusal: String? {
        if old.state != new.state {
            return "`state` cannot be changed while the agent runs: restart it"
        }
        return new.problem
    }

    /// Keys that take effect with the next start only.
    var waiting: [String] {
        var keys: [String] = []
        if old.spool != new.spool { keys.append("spool") }
        if old.reading != new.reading { keys.append("reading") }
        if old.memory != new.memory { keys.append("limits.memory") }
        if old.heartbeatInterval != new.heartbeatInterval { keys.append("collector.heartbeat") }
        if old.metricsAddress != new.metricsAddress { keys.append("metrics.listen") }
        return keys
    }

    /// Whether batches go elsewhere, or otherwise.
    var changesDestination: Bool {
        old.collectorURLs != new.collectorURLs || old.tls != new.tls || old.sendRate != new.sendRate
            || !old.headers.elementsEqual(new.headers) { $0.name == $1.name && $0.value == $1.value }
    }
}

extension AgentSettings {
    /// Which of the files that are named cannot be used, and why; nil when all can.
    var problem: String? { tls.problem ?? streams.problem }
}

extension TLSFiles {
    /// Which of them cannot be read, or is no PEM at all; nil when that is not so. What is in them the connections find out.
    var problem: String? {
        for path in paths {
            do throws(IOError) {
                let content = try FileSystem.contents(path, limit: 16 << 20)
                if !String(decoding: content, as: UTF8.self).contains("-----BEGIN ") {
                    return "`collector.tls`: \(path) is no PEM file"
                }
            } catch { return "`collector.tls`: \(error.description)" }
        }
        return nil
    }
}

/// The parts of a YAML text that belong to some keys of its top level, as they stand there; all of a text that is written
/// otherwise than one key a line.
func sections(_ text: [UInt8], of keys: Set<String>) -> [UInt8] {
    var result: [UInt8] = []
    var isWanted = false
    for line in text.split(separator: 0x0A) {
        guard let first = line.first, first != UInt8(ascii: "#") else { continue }
        if first == UInt8(ascii: "{") { return text }
        let isIndented = first == 0x20 || first == 0x09 || first == UInt8(ascii: "-")
        if !isIndented {
            isWanted = keys.contains(String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self))
        }
        if isWanted { result += line + [0x0A] }
    }
    return result
}
