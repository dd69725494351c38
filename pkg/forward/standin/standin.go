// Package standin plays the receivers that can't be had for a test, more strictly than
// they are: what is not exactly what their documentation wants is noted as a violation.
// It serves tests; nothing of the agent imports it.
package standin

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
	ID    string // _id of _bulk, event.id of OTLP, "" elsewhere
	Index string // of _bulk
	Body  []byte // the JSON of the alert
}

// Receiver is an http.Handler. Its fields are set before it serves.
type Receiver struct {
	Token   string // that requests must bring; "" for none
	MaxBody int    // bytes of an unpacked body; more is answered with 413. 0: 64 MiB
	Discard bool   // count documents, and believe their frames: for benchmarks of senders

	// Before answers a request in the receiver's place when it returns true; nothing of
	// the request is taken then. May be nil.
	Before func(w http.ResponseWriter, r *http.Request) bool
	// Item returns the status that a document is answered with; 0: it is taken. May be nil.
	Item func(Document) int

	format format

	mu         sync.Mutex
	documents  []Document
	ids        map[string]bool
	taken      int
	repeats    int
	requests   int
	sizes      []int
	violations []string
}

// format is what one kind of receiver does with a body.
type format interface {
	// path that requests must have.
	path() string
	scheme() string // of Authorization
	contentType() string
	// serve reads the body, has take decide about each document, and answers.
	serve(r *Receiver, w http.ResponseWriter, request *http.Request, body []byte)
}

// New returns the stand-in for an output type: https, elasticsearch, splunk_hec or otlp.
func New(kind string) *Receiver {
	r := &Receiver{ids: map[string]bool{}}
	switch kind {
	case "https":
		r.format = ndjson{}
	case "elasticsearch":
		r.format = bulk{}
	case "splunk_hec":
		r.format = hec{}
	case "otlp":
		r.format = otlp{}
	default:
		panic("standin: no receiver of type " + kind)
	}
	return r
}

// Documents returns what was taken, in order of arrival.
func (r *Receiver) Documents() []Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.documents)
}

// Counts returns how many requests came, how many documents were taken, and how many
// came again although they had been.
func (r *Receiver) Counts() (requests, taken, repeats int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests, r.taken, r.repeats
}

// Sizes returns how many documents each request held that could be read.
func (r *Receiver) Sizes() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sizes)
}

// Violations returns what requests did wrong.
func (r *Receiver) Violations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.violations)
}

func (r *Receiver) violation(f string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	const most = 100
	if len(r.violations) < most {
		r.violations = append(r.violations, fmt.Sprintf(f, args...))
	}
}

// size notes how many documents a request held.
func (r *Receiver) size(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sizes = append(r.sizes, n)
}

// take keeps a document. A document with an id that was taken already is a repeat.
func (r *Receiver) take(d Document) (repeated bool) {
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

// count takes n documents that nobody looks at.
func (r *Receiver) count(n int) {
	r.size(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken += n
}

// status returns what Item says of a document.
func (r *Receiver) status(d Document) int {
	if r.Item == nil {
		return 0
	}
	return r.Item(d)
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.requests++
	r.mu.Unlock()
	if r.Before != nil && r.Before(w, request) {
		return
	}
	f := r.format
	switch {
	case request.Method != http.MethodPost:
		r.violation("method %s", request.Method)
		http.Error(w, "post", http.StatusMethodNotAllowed)
		return
	case f.path() != "" && request.URL.Path != f.path():
		r.violation("path %q, want %q", request.URL.Path, f.path())
		http.Error(w, "no such path", http.StatusNotFound)
		return
	case r.Token != "" && request.Header.Get("Authorization") != f.scheme()+" "+r.Token:
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	case request.Header.Get("Content-Type") != f.contentType():
		r.violation("content type %q, want %q", request.Header.Get("Content-Type"), f.contentType())
		http.Error(w, "content type", http.StatusUnsupportedMediaType)
		return
	}
	body, err := r.body(request)
	switch {
	case errors.Is(err, errTooLarge):
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	case err != nil:
		r.violation("body: %v", err)
		http.Error(w, "body", http.StatusBadRequest)
	default:
		f.serve(r, w, request, body)
	}
}

var errTooLarge = errors.New("too large")

// body returns the unpacked body.
func (r *Receiver) body(request *http.Request) ([]byte, error) {
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

// strict decodes one JSON value that must have no other members than v has.
func strict(b []byte, v any) error {
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

// object says whether b is one JSON object on one line.
func object(b []byte) bool {
	return len(b) > 1 && b[0] == '{' && json.Valid(b) && bytes.IndexByte(b, '\n') < 0
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
