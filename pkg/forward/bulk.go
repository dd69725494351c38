package forward

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"
)

// bulk speaks to Elasticsearch and OpenSearch. Each document is created under an _id
// that is the same whenever it is sent: a repeat is answered with 409, which says that
// it is there. An update is a document of its own beside its alert. Items are answered
// one by one: those to be sent again arrive behind the others of their batch, where
// event.sequence and @timestamp keep their order.
type bulk struct {
	action string // up to the _id
}

func newBulk(index string) *bulk {
	b := []byte(`{"create":{"_index":`)
	b = appendString(b, index)
	return &bulk{action: string(append(b, `,"_id":`...))}
}

func (*bulk) prepare(h http.Header, token string, _ []Item) {
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Accept", "application/json")
	if token != "" {
		h.Set("Authorization", "ApiKey "+token)
	}
}

func (*bulk) frame() (before, between, behind string) { return "", "", "" }

func (d *bulk) appendItem(b []byte, item *Item) []byte {
	b = append(b, d.action...)
	b = appendString(b, documentID(item))
	b = append(b, "}}\n"...)
	b = append(b, item.Document...)
	return append(b, '\n')
}

// maxID bounds an _id; the receiver's own limit is 512 bytes.
const maxID = 400

// documentID returns the _id of an item: its event.id, with the number of the update
// behind it when it is one. An item without an id, or with one that can't be used, has
// the hash of its document, which is the same for a repeat as well.
func documentID(item *Item) string {
	switch {
	case item.ID == "" || len(item.ID) > maxID || !utf8.ValidString(item.ID):
		sum := sha256.Sum256(item.Document)
		return hex.EncodeToString(sum[:])
	case item.Update > 1:
		return item.ID + "-" + strconv.Itoa(item.Update)
	}
	return item.ID
}

func (*bulk) refused(*Config, *answer, []Item) (Result, bool) { return Result{}, false }

func (*bulk) silent() bool { return false }

// created is what the answer says of one item.
type created struct {
	id     string
	status int64
	why    string
}

func (*bulk) read(c *Config, a *answer, items []Item) Result {
	told, err := readBulk(a, items)
	if err != nil {
		return all(len(items), Retry, c.fail(KindAnswer, err, "the answer to _bulk can't be believed: "+line(err.Error())))
	}
	r := Result{Outcomes: make([]Outcome, len(items)), Reasons: make([]string, len(items))}
	for i := range told {
		o, fault := told[i].outcome(c)
		r.Outcomes[i] = o
		if fault == nil {
			continue
		}
		r.Reasons[i] = fault.Text
		if r.Err == nil || r.Err.Kind == KindRefused && o == Retry {
			r.Err = fault
		}
	}
	return r
}

// outcome tells what the status of one item means.
func (t *created) outcome(c *Config) (Outcome, *Error) {
	text := fmt.Sprintf("%d for one document", t.status)
	if t.why != "" {
		text += ", " + quote(t.why)
	}
	switch s := t.status; {
	case s == http.StatusOK, s == http.StatusCreated, s == http.StatusConflict:
		return Delivered, nil
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return Retry, c.fail(KindDenied, nil, "does not let us in: "+text+": look at what the token may do with the index")
	case s == http.StatusTooManyRequests:
		return Retry, c.fail(KindThrottled, nil, "takes no more for now: "+text)
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s/100 == 5:
		return Retry, c.fail(KindBusy, nil, "answered "+text)
	case s/100 == 4:
		return Refused, c.fail(KindRefused, nil, "refused: "+text)
	}
	return Retry, c.fail(KindAnswer, nil, "answered "+text)
}

// readBulk reads what the answer says of each item, and believes it only when it is
// about exactly the items that were sent and does not contradict itself.
func readBulk(a *answer, items []Item) ([]created, error) {
	if a.cut {
		return nil, errors.New("it is cut, or too long")
	}
	r, err := readJSON(a.body)
	if err != nil {
		return nil, err
	}
	var told []created
	var faults, hasFaults, hasItems bool
	err = r.object(func(name string) error {
		switch name {
		case "errors":
			t, err := r.Token()
			faults, hasFaults = t.(bool)
			return err
		case "items":
			hasItems = true
			return r.array(func() error {
				if len(told) == len(items) {
					return fmt.Errorf("it has more items than the %d that were sent", len(items))
				}
				one, err := r.created()
				told = append(told, one)
				return err
			})
		}
		return r.skip()
	})
	switch {
	case err != nil:
		return nil, err
	case !hasFaults || !hasItems:
		return nil, errors.New("errors or items are missing")
	case len(told) != len(items):
		return nil, fmt.Errorf("it has %d items, %d were sent", len(told), len(items))
	}
	any := false
	for i := range told {
		if told[i].id != documentID(&items[i]) {
			return nil, fmt.Errorf("its item %d is another document, %s", i+1, quote(told[i].id))
		}
		any = any || told[i].status/100 != 2
	}
	if any != faults {
		return nil, fmt.Errorf("errors is %v, and the items say %v", faults, any)
	}
	return told, nil
}

// created reads one item of the answer.
func (r *reader) created() (one created, err error) {
	create := false
	err = r.object(func(name string) error {
		if name != "create" {
			return fmt.Errorf("it answers %s, and create was asked for", quote(name))
		}
		create = true
		return r.object(func(name string) (err error) {
			switch name {
			case "_id":
				one.id, err = r.text()
			case "status":
				one.status, err = r.number(false)
			case "error":
				one.why, err = r.fault()
			default:
				err = r.skip()
			}
			return err
		})
	})
	if err == nil && (!create || one.status < 100 || one.status > 599) {
		err = errors.New("an item has no status")
	}
	return one, err
}

// fault reads why an item was not taken: an object, or a text as old versions have it.
// Anything else says nothing.
func (r *reader) fault() (string, error) {
	var raw json.RawMessage
	if err := r.Decode(&raw); err != nil {
		return "", err
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var object struct{ Type, Reason string }
	if json.Unmarshal(raw, &object) != nil || object.Type == "" {
		return object.Reason, nil
	}
	return object.Type + ": " + object.Reason, nil
}
