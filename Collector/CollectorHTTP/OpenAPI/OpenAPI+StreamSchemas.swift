extension OpenAPI {
    /// Lines of streamed answers: each is an object with one of the members.
    static let streamSchemas = """
            SearchRecord:
              type: object
              description: one line; its only member says what it is
              properties:
                log: {$ref: '#/components/schemas/Log'}
                progress:
                  type: object
                  required: [share, scanned, scanned_bytes, blocks, took_ms, rows, hits, complete_over, resume]
                  properties:
                    share: {type: number, minimum: 0, maximum: 1}
                    scanned: {type: integer}
                    scanned_bytes: {type: integer}
                    blocks: {type: integer}
                    took_ms: {type: integer}
                    rows: {type: integer}
                    hits: {type: integer}
                    complete_over:
                      type: array
                      items: {$ref: '#/components/schemas/Interval'}
                    resume: {type: string}
                end:
                  type: object
                  required: [rows, hits, scanned, took_ms, complete, completeness, next_cursor, resume]
                  properties:
                    rows: {type: integer}
                    hits: {type: integer}
                    scanned: {type: integer}
                    took_ms: {type: integer}
                    complete: {type: boolean}
                    incomplete: {$ref: '#/components/schemas/Texts'}
                    completeness: {$ref: '#/components/schemas/Completeness'}
                    next_cursor: {type: string, nullable: true}
                    resume: {type: string, nullable: true}
                error: {$ref: '#/components/schemas/Problem'}
            AggregateRecord:
              type: object
              description: one line; its only member says what it is
              properties:
                progress:
                  type: object
                  required: [share, scanned, scanned_bytes, blocks, took_ms]
                  properties:
                    share: {type: number, minimum: 0, maximum: 1}
                    scanned: {type: integer}
                    scanned_bytes: {type: integer}
                    blocks: {type: integer}
                    took_ms: {type: integer}
                end: {$ref: '#/components/schemas/AggregateAnswer'}
                error: {$ref: '#/components/schemas/Problem'}

        """
}
