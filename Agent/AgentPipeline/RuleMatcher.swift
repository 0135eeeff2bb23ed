import ByteCoding
import LogModel
import RegularExpressions

/// A condition of a rule, compiled: names are numbers of a table of slots, levels are bits. A class, so that to get at one
/// is not to copy what it is made of.
final class RuleMatcher {
    private struct FieldTest {
        var slot: Int
        var pattern: RegularExpression
    }

    private let levels: UInt8
    private let services: [[UInt8]]
    private let presets: [RuleCondition.Preset]
    private let message: RegularExpression?
    private let fields: [FieldTest]

    init(_ condition: RuleCondition, _ names: inout RuleNames) {
        levels = condition.levels.reduce(0) { $0 | 1 << $1.rawValue }
        services = condition.services.map { Array($0.utf8) }
        presets = condition.presets
        message = condition.message
        var tests: [FieldTest] = []
        for (name, pattern) in condition.fields {
            tests.append(FieldTest(slot: names.slot(of: name), pattern: pattern))
        }
        fields = tests
        if !presets.isEmpty { names.addRequestFields() }
    }

    func matches(_ event: DraftEvent, _ builder: borrowing EventBatchBuilder, _ names: inout RuleNames) -> Bool {
        if levels != 0, levels & (1 << event.level.rawValue) == 0 { return false }
        if !services.isEmpty {
            let isOne = names.withService(builder) { service in
                services.contains { RuleMatcher.equals(service, $0) }
            }
            if !isOne { return false }
        }
        if !presets.isEmpty, !isRequest(event, builder, &names) { return false }
        if let message, !builder.withBytes(of: event.message, { message.matches($0) }) { return false }
        for field in fields {
            let isMatch = names.withValue(field.slot, builder) { value in
                field.pattern.matches(value ?? UnsafeRawBufferPointer(start: nil, count: 0))
            }
            if !isMatch { return false }
        }
        return true
    }

    /// Whether it is a request of one of the kinds, and went well.
    private func isRequest(
        _ event: DraftEvent, _ builder: borrowing EventBatchBuilder, _ names: inout RuleNames
    ) -> Bool {
        if event.level >= .warn { return false }
        for slot in names.statusSlots {
            guard let value = names.value(slot, builder) else { continue }
            let hasFailed = builder.withBytes(of: value) { ($0.first ?? 0) >= 0x34 }
            if hasFailed { return false }
        }
        for slot in names.pathSlots {
            guard let value = names.value(slot, builder) else { continue }
            let isMeant = builder.withBytes(of: value) { path in presets.contains { RequestPath.isOf($0, path) } }
            if isMeant { return true }
        }
        return false
    }

    private static func equals(_ bytes: UnsafeRawBufferPointer, _ value: [UInt8]) -> Bool {
        bytes.count == value.count && bytes.elementsEqual(value)
    }
}

/// The names that rules ask for, each once, with their numbers in the batch that is being built.
struct RuleNames {
    private var slots: [NameSlot] = []
    private var places: [String: Int] = [:]
    private(set) var pathSlots: [Int] = []
    private(set) var statusSlots: [Int] = []
    private static let service = Array(FieldName.service.utf8)

    /// The place of a name.
    mutating func slot(of name: String) -> Int {
        if let place = places[name] { return place }
        slots.append(NameSlot(name))
        places[name] = slots.count - 1
        return slots.count - 1
    }

    mutating func addRequestFields() {
        guard pathSlots.isEmpty else { return }
        for name in RequestPath.fields { pathSlots.append(slot(of: name)) }
        for name in RequestPath.statusFields { statusSlots.append(slot(of: name)) }
    }

    /// Begins a batch, whose names have numbers of their own.
    mutating func forget() {
        for index in slots.indices { slots[index].forget() }
    }

    /// The number of a name, if any event of the batch has had a field of it.
    mutating func number(_ slot: Int, _ builder: borrowing EventBatchBuilder) -> UInt32? {
        slots[slot].resolve(builder)
    }

    /// The value of the unfinished event's field; nil when it has none.
    mutating func value(_ slot: Int, _ builder: borrowing EventBatchBuilder) -> ByteRange? {
        guard let name = slots[slot].resolve(builder) else { return nil }
        return builder.unfinishedValue(of: name)
    }

    /// Lends the value of the unfinished event's field, or of its label when the name is that of one; nil when it has
    /// neither.
    mutating func withValue<R>(
        _ slot: Int, _ builder: borrowing EventBatchBuilder, _ body: (UnsafeRawBufferPointer?) -> R
    ) -> R {
        if let value = value(slot, builder) { return builder.withBytes(of: value) { body($0) } }
        guard slots[slot].isLabel else { return body(nil) }
        return slots[slot].withBytes { builder.withLabel($0, body) }
    }

    /// Lends the unfinished event's service; empty when it brings none.
    func withService<R>(_ builder: borrowing EventBatchBuilder, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        RuleNames.service.withUnsafeBytes { name in
            builder.withUnfinishedLabel(name) { body($0 ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
        }
    }
}
