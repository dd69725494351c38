package standin

import (
	"bytes"
	"net/http"
)

// ndjson takes one document a line, all of a request or none.
type ndjson struct{}

func (ndjson) path() string        { return "" }
func (ndjson) scheme() string      { return "Bearer" }
func (ndjson) contentType() string { return "application/x-ndjson" }

func (ndjson) serve(r *Receiver, w http.ResponseWriter, request *http.Request, body []byte) {
	if len(request.Header.Get("Idempotency-Key")) < 16 {
		r.violation("idempotency key %q", request.Header.Get("Idempotency-Key"))
	}
	if !bytes.HasSuffix(body, []byte("\n")) {
		r.violation("the last line has no end")
	}
	if r.Discard {
		r.count(bytes.Count(body, []byte("\n")))
		w.WriteHeader(http.StatusAccepted)
		return
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	r.size(len(lines))
	for i, l := range lines {
		if !object(l) {
			r.violation("line %d is no object: %.80q", i+1, l)
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		if s := r.status(Document{Body: l}); s != 0 {
			http.Error(w, "not this one", s)
			return
		}
	}
	for _, l := range lines {
		r.take(Document{Body: l})
	}
	w.WriteHeader(http.StatusAccepted)
}
