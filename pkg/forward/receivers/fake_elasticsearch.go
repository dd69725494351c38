package receivers

import (
	"bytes"
	"net/http"
)

// serveBulk plays the _bulk of Elasticsearch and OpenSearch for data streams: the only
// operation that they take is create.
func serveBulk(r *Fake, _ *http.Request, body []byte) (int, any) {
	malformed := map[string]any{"error": bulkFault("illegal_argument_exception"), "status": 400}
	lines := bytes.Split(body, []byte("\n"))
	if len(lines)%2 == 0 || len(lines) < 3 || len(lines[len(lines)-1]) != 0 {
		r.addViolation("%d lines: want pairs, and a line break at the end", len(lines)-1)
		return http.StatusBadRequest, malformed
	}
	var items []any
	faults := false
	for i := 0; i+1 < len(lines); i += 2 {
		var action struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"create"`
		}
		id := &action.Create.ID
		if err := decodeStrict(lines[i], &action); err != nil || *id == "" || len(*id) > 512 {
			r.addViolation("action %.120q: %v", lines[i], err)
			return http.StatusBadRequest, malformed
		}
		status, fault := r.createDocument(Document{ID: *id, Index: action.Create.Index, Body: lines[i+1]})
		item := map[string]any{"_index": ".ds-" + action.Create.Index + "-000001", "_id": *id, "status": status}
		if fault != "" {
			item["error"], faults = bulkFault(fault), true
		}
		items = append(items, map[string]any{"create": item})
	}
	return http.StatusOK, map[string]any{"took": 1, "errors": faults, "items": items}
}

func bulkFault(kind string) map[string]string {
	return map[string]string{"type": kind, "reason": "refused"}
}

// createDocument takes one document, or says why not.
func (r *Fake) createDocument(d Document) (status int, fault string) {
	if r.Discard {
		r.countDocuments(1)
		return http.StatusCreated, ""
	}
	if !isObject(d.Body) {
		r.addViolation("document %s: %.80q", d.ID, d.Body)
		return http.StatusBadRequest, "document_parsing_exception"
	}
	switch s := r.itemStatus(d); {
	case s == http.StatusTooManyRequests:
		return s, "es_rejected_execution_exception"
	case s != 0:
		return s, "document_parsing_exception"
	}
	if r.keepDocument(d) {
		return http.StatusConflict, "version_conflict_engine_exception"
	}
	return http.StatusCreated, ""
}
