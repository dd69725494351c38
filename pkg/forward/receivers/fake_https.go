package receivers

import (
	"bytes"
	"net/http"
)

// serveNDJSON takes one document a line, all of a request or none.
func serveNDJSON(r *Fake, request *http.Request, body []byte) (int, any) {
	if key := request.Header.Get("Idempotency-Key"); len(key) < 16 {
		r.addViolation("idempotency key %q", key)
	}
	if !bytes.HasSuffix(body, []byte("\n")) {
		r.addViolation("the last line has no end")
	}
	var list []Document
	for l := range bytes.Lines(body) {
		l = bytes.TrimSuffix(l, []byte("\n"))
		if !isObject(l) {
			r.addViolation("line %d is not an object: %.80q", len(list)+1, l)
			return http.StatusBadRequest, "no JSON"
		}
		list = append(list, Document{Body: l})
	}
	if _, s := r.firstRefused(list); s != 0 {
		return s, "not this one"
	}
	for _, d := range list {
		r.keepDocument(d)
	}
	return http.StatusAccepted, "taken"
}
