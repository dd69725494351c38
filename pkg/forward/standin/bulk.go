package standin

import (
	"bytes"
	"net/http"
)

// bulk plays the _bulk of Elasticsearch and OpenSearch for data streams: the only
// operation that they take is create.
type bulk struct{}

func (bulk) path() string        { return "/_bulk" }
func (bulk) scheme() string      { return "ApiKey" }
func (bulk) contentType() string { return "application/x-ndjson" }

type bulkAction struct {
	Create *struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	} `json:"create"`
}

type bulkFault struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

type bulkItem struct {
	Index  string     `json:"_index"`
	ID     string     `json:"_id"`
	Result string     `json:"result,omitempty"`
	Status int        `json:"status"`
	Error  *bulkFault `json:"error,omitempty"`
}

type bulkAnswer struct {
	Took   int                   `json:"took"`
	Errors bool                  `json:"errors"`
	Items  []map[string]bulkItem `json:"items"`
}

func (bulk) serve(r *Receiver, w http.ResponseWriter, _ *http.Request, body []byte) {
	lines := bytes.Split(body, []byte("\n"))
	if len(lines)%2 == 0 || len(lines) < 3 || len(lines[len(lines)-1]) != 0 {
		r.violation("%d lines: want pairs, and a line break at the end", len(lines)-1)
		answer(w, http.StatusBadRequest, map[string]any{"error": bulkFault{"illegal_argument_exception", "The bulk request must be terminated by a newline"}, "status": 400})
		return
	}
	if r.Discard {
		r.count(len(lines) / 2)
	} else {
		r.size(len(lines) / 2)
	}
	a := bulkAnswer{Took: 1, Items: make([]map[string]bulkItem, 0, len(lines)/2)}
	for i := 0; i+1 < len(lines); i += 2 {
		var action bulkAction
		if err := strict(lines[i], &action); err != nil || action.Create == nil || action.Create.ID == "" || len(action.Create.ID) > 512 {
			r.violation("action %.120q: %v", lines[i], err)
			answer(w, http.StatusBadRequest, map[string]any{"error": bulkFault{"illegal_argument_exception", "Malformed action/metadata line"}, "status": 400})
			return
		}
		one := r.create(Document{ID: action.Create.ID, Index: action.Create.Index, Body: lines[i+1]})
		a.Errors = a.Errors || one.Error != nil
		a.Items = append(a.Items, map[string]bulkItem{"create": one})
	}
	answer(w, http.StatusOK, &a)
}

// create takes one document, or says why not.
func (r *Receiver) create(d Document) bulkItem {
	one := bulkItem{Index: ".ds-" + d.Index + "-000001", ID: d.ID, Status: http.StatusCreated}
	fault := func(status int, kind, reason string) bulkItem {
		one.Status, one.Error = status, &bulkFault{kind, reason}
		return one
	}
	if r.Discard {
		return one
	}
	if !object(d.Body) {
		r.violation("document %s: %.80q", d.ID, d.Body)
		return fault(http.StatusBadRequest, "document_parsing_exception", "failed to parse")
	}
	switch s := r.status(d); {
	case s == http.StatusTooManyRequests:
		return fault(s, "es_rejected_execution_exception", "rejected execution of coordinating operation")
	case s != 0:
		return fault(s, "document_parsing_exception", "told to refuse it")
	}
	if r.take(d) {
		return fault(http.StatusConflict, "version_conflict_engine_exception", "["+d.ID+"]: version conflict, document already exists (current version [1])")
	}
	one.Result = "created"
	return one
}
