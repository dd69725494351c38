package receivers

import (
	"bytes"
	"net/http"
)

type bulkFault struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

type bulkItem struct {
	Index  string     `json:"_index"`
	ID     string     `json:"_id"`
	Status int        `json:"status"`
	Error  *bulkFault `json:"error,omitempty"`
}

type bulkAnswer struct {
	Took   int                   `json:"took"`
	Errors bool                  `json:"errors"`
	Items  []map[string]bulkItem `json:"items"`
}

// serveBulk plays the _bulk of Elasticsearch and OpenSearch for data streams: the only
// operation that they take is create.
func serveBulk(r *Fake, _ *http.Request, body []byte) (int, any) {
	malformed := map[string]any{"error": bulkFault{"illegal_argument_exception", "Malformed"}, "status": 400}
	lines := bytes.Split(body, []byte("\n"))
	if len(lines)%2 == 0 || len(lines) < 3 || len(lines[len(lines)-1]) != 0 {
		r.addViolation("%d lines: want pairs, and a line break at the end", len(lines)-1)
		return http.StatusBadRequest, malformed
	}
	a := bulkAnswer{Took: 1}
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
		one := r.createDocument(Document{ID: *id, Index: action.Create.Index, Body: lines[i+1]})
		a.Errors = a.Errors || one.Error != nil
		a.Items = append(a.Items, map[string]bulkItem{"create": one})
	}
	return http.StatusOK, &a
}

// createDocument takes one document, or says why not.
func (r *Fake) createDocument(d Document) bulkItem {
	one := bulkItem{Index: ".ds-" + d.Index + "-000001", ID: d.ID, Status: http.StatusCreated}
	if r.Discard {
		r.countDocuments(1)
		return one
	}
	fault := func(status int, kind string) bulkItem {
		one.Status, one.Error = status, &bulkFault{kind, "refused"}
		return one
	}
	if !isObject(d.Body) {
		r.addViolation("document %s: %.80q", d.ID, d.Body)
		return fault(http.StatusBadRequest, "document_parsing_exception")
	}
	switch s := r.itemStatus(d); {
	case s == http.StatusTooManyRequests:
		return fault(s, "es_rejected_execution_exception")
	case s != 0:
		return fault(s, "document_parsing_exception")
	}
	if r.keepDocument(d) {
		return fault(http.StatusConflict, "version_conflict_engine_exception")
	}
	return one
}
