package receivers

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

// Document is an alert that was taken.
type Document struct {
	ID    string // _id of _bulk, event.id and update of OTLP, "" elsewhere
	Index string // of _bulk
	Body  []byte // the JSON of the alert
}

// Fake is an http.Handler that plays a receiver which can't be had for a test, more strictly
// than it is: what is not exactly what its documentation wants is noted as a violation. Its
// exported fields are set before it serves.
type Fake struct {
	Token   string // that requests must bring; "" for none
	MaxBody int    // bytes of an unpacked body; more is answered with 413. 0: 64 MiB
	Discard bool   // count documents, and believe their frames: for benchmarks of senders

	// Item returns the status that a document is answered with; 0: it is taken. May be nil.
	Item func(Document) int

	protocol fakeProtocol

	mu         sync.Mutex // guards what follows
	documents  []Document
	ids        map[string]bool
	taken      int
	repeats    int
	requests   int
	violations []string
}

// fakeProtocol is what one kind of receiver wants of a request.
type fakeProtocol struct {
	path        string // "" for any
	scheme      string // of Authorization
	contentType string
	mark        string // stands once in a body for each document; "" where they must be read

	// serve reads the body and returns the answer.
	serve func(r *Fake, request *http.Request, body []byte) (status int, answer any)
}

var fakeProtocols = map[string]fakeProtocol{
	"https":         {"", "Bearer", "application/x-ndjson", "\n", serveNDJSON},
	"elasticsearch": {"/_bulk", "ApiKey", "application/x-ndjson", "", serveBulk},
	"splunk_hec":    {"/services/collector/event", "Splunk", "application/json", `"sourcetype":"hooksnare:alert","event":{`, serveHEC},
	"otlp":          {"/v1/logs", "Bearer", "application/json", `"body":{"stringValue":"`, serveOTLP},
}

// NewFake returns the fake for an output type: https, elasticsearch, splunk_hec or otlp.
func NewFake(kind string) *Fake {
	p, ok := fakeProtocols[kind]
	if !ok {
		panic("receivers: no receiver of type " + kind)
	}
	return &Fake{protocol: p, ids: map[string]bool{}}
}

// Documents returns what was taken, in order of arrival.
func (r *Fake) Documents() []Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.documents)
}

// Counts returns how many requests came, how many documents were taken, and how many
// came again although they had been.
func (r *Fake) Counts() (requests, taken, repeats int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests, r.taken, r.repeats
}

// Violations returns what requests did wrong.
func (r *Fake) Violations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.violations)
}

func (r *Fake) addViolation(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	const most = 100
	if len(r.violations) < most {
		r.violations = append(r.violations, fmt.Sprintf(format, args...))
	}
}

// keepDocument keeps a document. A document with an id that was taken already is a repeat.
func (r *Fake) keepDocument(d Document) (repeated bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := d.Index + "/" + d.ID
	if d.ID != "" && r.ids[key] {
		r.repeats++
		return true
	}
	if d.ID != "" {
		r.ids[key] = true
	}
	r.taken++
	d.Body = bytes.Clone(d.Body)
	r.documents = append(r.documents, d)
	return false
}

// countDocuments takes n documents that nobody reads.
func (r *Fake) countDocuments(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken += n
}

// firstRefused returns the first document that Item refuses, and its status, 0 for none.
func (r *Fake) firstRefused(list []Document) (i, status int) {
	for i, d := range list {
		if s := r.itemStatus(d); s != 0 {
			return i, s
		}
	}
	return 0, 0
}

// itemStatus returns what Item says of a document.
func (r *Fake) itemStatus(d Document) int {
	if r.Item == nil {
		return 0
	}
	return r.Item(d)
}

// ServeHTTP implements http.Handler.
func (r *Fake) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.requests++
	r.mu.Unlock()
	status, answer := r.answerRequest(request)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client may be gone
}

func (r *Fake) answerRequest(request *http.Request) (status int, answer any) {
	p := r.protocol
	switch {
	case request.Method != http.MethodPost:
		r.addViolation("method %s", request.Method)
		return http.StatusMethodNotAllowed, "post"
	case p.path != "" && request.URL.Path != p.path:
		r.addViolation("path %q, want %q", request.URL.Path, p.path)
		return http.StatusNotFound, "no such path"
	case r.Token != "" && request.Header.Get("Authorization") != p.scheme+" "+r.Token:
		return http.StatusUnauthorized, "who are you"
	case request.Header.Get("Content-Type") != p.contentType:
		r.addViolation("content type %q, want %q", request.Header.Get("Content-Type"), p.contentType)
		return http.StatusUnsupportedMediaType, "content type"
	}
	body, err := r.readBody(request)
	switch {
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge, "too large"
	case err != nil:
		r.addViolation("body: %v", err)
		return http.StatusBadRequest, "body"
	case r.Discard && p.mark != "":
		r.countDocuments(bytes.Count(body, []byte(p.mark)))
		return http.StatusOK, map[string]any{"code": 0} // success for each of them
	}
	return p.serve(r, request, body)
}

var errTooLarge = errors.New("too large")

// readBody returns the unpacked body.
func (r *Fake) readBody(request *http.Request) ([]byte, error) {
	most := r.MaxBody
	if most == 0 {
		most = 64 << 20
	}
	var in io.Reader = request.Body
	switch e := request.Header.Get("Content-Encoding"); e {
	case "":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = z
	default:
		return nil, fmt.Errorf("content encoding %q", e)
	}
	b, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err == nil && len(b) > most {
		err = errTooLarge
	}
	return b, err
}

// decodeStrict decodes one JSON value that must have no other members than v has.
func decodeStrict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// isObject says whether b is one JSON object on one line.
func isObject(b []byte) bool {
	return len(b) > 1 && b[0] == '{' && json.Valid(b) && bytes.IndexByte(b, '\n') < 0
}
