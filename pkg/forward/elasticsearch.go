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

// newBulk returns the protocol of Elasticsearch and OpenSearch. Each document is created
// under an _id that is the same whenever it is sent: a repeat is answered with 409, which
// says that it is there. An update is another document beside its alert. Items are answered
// one by one: those that are sent again arrive behind the others of their batch, where
// event.sequence and @timestamp keep their order.
func newBulk(index string) *protocol {
	action := string(appendString([]byte(`{"create":{"_index":`), index)) + `,"_id":`
	return &protocol{
		contentType: "application/x-ndjson", scheme: "ApiKey", header: http.Header{"Accept": {"application/json"}},
		appendItem: func(b []byte, item *Item) []byte {
			b = append(b, action...)
			b = appendString(b, documentID(item))
			b = append(b, "}}\n"...)
			b = append(b, item.Document...)
			return append(b, '\n')
		},
		confirm: confirmBulk,
	}
}

// maxID bounds an _id; the receiver's own limit is 512 bytes.
const maxID = 400

// documentID returns the _id of an item: its event.id, followed by the number of the update
// when it is one. An item without an id, or with one that can't be used, has the hash of its
// document, which is the same for a repeat as well.
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

// confirmBulk believes an answer only when it is about exactly the items that were sent and does
// not contradict itself.
func confirmBulk(c *Config, body []byte, items []Item) (Result, error) {
	members, err := readObject(body)
	if err != nil {
		return Result{}, err
	}
	var list []json.RawMessage
	faults := string(members["errors"])
	if err := json.Unmarshal(members["items"], &list); err != nil || faults != "true" && faults != "false" {
		return Result{}, errors.New("errors or items are missing")
	}
	if len(list) != len(items) {
		return Result{}, fmt.Errorf("it has %d items, %d were sent", len(list), len(items))
	}
	r, failed := uniformResult(len(items), Delivered, nil), false
	for i := range list {
		status, reason, err := readItem(list[i], documentID(&items[i]))
		if err != nil {
			return Result{}, fmt.Errorf("item %d: %w", i+1, err)
		}
		failed = failed || status/100 != 2
		c.judgeItem(&r, i, status, reason)
	}
	if failed != (faults == "true") {
		return Result{}, fmt.Errorf("errors is %s, and the items say %v", faults, failed)
	}
	return r, nil
}

// judgeItem takes what the answer says of one item. 409 is a repeat, and a document that is too
// large alone will never be taken.
func (c *Config) judgeItem(r *Result, i, status int, reason string) {
	kind := statusKind(status)
	switch {
	case status == http.StatusOK, status == http.StatusCreated, status == http.StatusConflict:
		return
	case kind == KindTooLarge:
		kind = KindRefused
	case kind == KindNone, kind == KindRedirect:
		kind = KindAnswer
	}
	text := fmt.Sprintf("%d for one document", status)
	if reason != "" {
		text += ", " + quoteText(reason)
	}
	fault := c.answerError(kind, text)
	if policies[kind].document {
		r.refuseItem(i, fault)
		return
	}
	r.Outcomes[i] = Retry
	if r.Err == nil || policies[r.Err.Kind].document {
		r.Err = fault
	}
}

// readItem reads what the answer says of the document with this _id.
func readItem(raw json.RawMessage, id string) (status int, reason string, err error) {
	operations, err := readObject(raw)
	if err != nil {
		return 0, "", err
	}
	if len(operations) != 1 || operations["create"] == nil {
		return 0, "", errors.New("expected an answer to create")
	}
	create, err := readObject(operations["create"])
	if err != nil {
		return 0, "", err
	}
	if got := readText(create["_id"]); got != id {
		return 0, "", fmt.Errorf("is another document, %s", quoteText(got))
	}
	number, err := readNumber(create["status"])
	if err == nil && (number < 100 || number > 599) {
		err = fmt.Errorf("has the status %d", number)
	}
	return int(number), readReason(create["error"]), err
}

// readReason reads why an item was not taken: an object, or a text in old versions.
// Anything else means nothing.
func readReason(raw json.RawMessage) string {
	object, err := readObject(raw)
	if err != nil {
		return readText(raw)
	}
	kind, reason := readText(object["type"]), readText(object["reason"])
	if kind == "" {
		return reason
	}
	return kind + ": " + reason
}
