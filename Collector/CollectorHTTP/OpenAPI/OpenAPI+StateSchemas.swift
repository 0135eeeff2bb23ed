extension OpenAPI {
    static let stateSchemas = """
            Ready:
              type: object
              required: [status]
              properties:
                status: {type: string}
            Health:
              type: object
              required: [status, version, uptime_s, store, journal, ingest]
              properties:
                status: {type: string}
                version: {type: string}
                uptime_s: {type: integer}
                store:
                  type: object
                  required: [rows, segments, disk_bytes, oldest, newest]
                  properties:
                    rows: {type: integer}
                    segments: {type: integer}
                    segments_by_level: {$ref: '#/components/schemas/Counts'}
                    disk_bytes: {type: integer}
                    head_rows: {type: integer}
                    retired_bytes: {type: integer}
                    lost_rows: {type: integer}
                    write_amplification: {type: number}
                    oldest: {type: string, nullable: true}
                    newest: {type: string, nullable: true}
                    streams: {type: integer}
                journal:
                  type: object
                  required: [bytes, files]
                  properties:
                    bytes: {type: integer}
                    files: {type: integer}
                ingest:
                  type: object
                  required: [events, batches, duplicates, rejected]
                  properties:
                    events: {type: integer}
                    batches: {type: integer}
                    duplicates: {type: integer}
                    rejected: {type: integer}
            Storage:
              type: object
              required: [problems, doing, disk, tiers, retention, compaction]
              properties:
                problems: {$ref: '#/components/schemas/Texts'}
                doing: {type: string, nullable: true}
                disk:
                  type: object
                  required: [stage, measures, refuses_events]
                  properties:
                    stage: {type: string}
                    measures: {type: string}
                    used_percent: {type: number}
                    used_bytes: {type: integer}
                    available_bytes: {type: integer}
                    headroom_bytes: {type: integer}
                    headroom_held: {type: boolean}
                    refuses_events: {type: boolean}
                tiers: {$ref: '#/components/schemas/Fields'}
                stripping:
                  type: object
                  required: [planned_segments, planned_bytes]
                  properties:
                    planned_segments: {type: integer}
                    planned_bytes: {type: integer}
                    without_room_segments: {type: integer}
                    next: {$ref: '#/components/schemas/Texts'}
                    stripped_segments: {type: integer}
                    stripped_bytes: {type: integer}
                retention:
                  type: object
                  required: [held, past_bytes]
                  properties:
                    held: {type: boolean}
                    past_bytes: {type: integer}
                    expired_segments: {type: integer}
                    removed_segments: {type: integer}
                    dropped_events: {type: integer}
                compaction:
                  type: object
                  required: [segments_by_level]
                  properties:
                    segments_by_level: {$ref: '#/components/schemas/Counts'}
                    retired_segments: {type: integer}
                    retired_bytes: {type: integer}
                    compactions: {type: integer}
                    bytes_read: {type: integer}
                    bytes_written: {type: integer}
                    failed: {type: integer}
                object_store: {$ref: '#/components/schemas/Fields'}
            Retention:
              type: object
              required: [past_bytes, expire, rewrite, remove]
              properties:
                past_bytes: {type: integer}
                expire: {type: array}
                rewrite: {type: array}
                remove: {type: array}
            Undone:
              type: object
              required: [segments, events]
              properties:
                segments: {$ref: '#/components/schemas/Texts'}
                events: {type: integer}

        """
}
