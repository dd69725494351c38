package forward

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// Parts of a syslog message; RFC 5424, section 6. Facility 10 is authpriv, which
// systems keep from ordinary users.
const (
	syslogFacility = 10
	syslogVersion  = "1"
	syslogApp      = "hooksnare"
	nilValue       = "-"

	// structuredID needs an enterprise number to be unique. The project has none, so it
	// uses 32473, which is for examples (RFC 5612): the name in front tells it apart.
	structuredID = "hooksnare@32473"

	maxHostname  = 255 // characters
	maxMessageID = 32  // characters
	maxParameter = 255 // bytes, before escaping
)

// messageFormat makes syslog messages of one agent.
type messageFormat struct {
	host string // HOSTNAME, "" to take the alert's
	pid  string // PROCID
}

func newMessageFormat(host string) messageFormat {
	return messageFormat{host: host, pid: strconv.Itoa(os.Getpid())}
}

// messageFields are what a header says of the document behind it.
type messageFields struct {
	Event struct {
		Action string `json:"action"`
	} `json:"event"`
	Rule struct {
		ID string `json:"id"`
	} `json:"rule"`
	Host struct {
		Hostname string `json:"hostname"`
		Name     string `json:"name"`
	} `json:"host"`
}

// appendMessage appends the item, whose document must be JSON, as a syslog message: a header,
// structured data by which a receiver knows a repeat and misses a gap without reading JSON,
// and the whole document. No byte order mark stands in front of the document, as receivers
// would have to take it off to read the JSON. The names in the structured data have no dots:
// syslog-ng takes what is before the last dot for part of the ID.
func (f *messageFormat) appendMessage(b []byte, item *Item) []byte {
	var of messageFields
	_ = json.Unmarshal(item.Document, &of) // a member of another type than usual stays empty
	action := cmp.Or(of.Event.Action, "alert")
	b = fmt.Appendf(b, "<%d>%s ", syslogFacility*8+levelOf(item.Severity).syslog, syslogVersion)
	b = appendSyslogTime(b, item)
	b = appendWord(append(b, ' '), cmp.Or(f.host, of.Host.Hostname, of.Host.Name), maxHostname)
	b = append(b, " "+syslogApp+" "+f.pid+" "...)
	b = append(appendWord(b, action, maxMessageID), " ["+structuredID...)
	b = appendParameter(b, "eventId", item.ID)
	b = appendParameter(b, "eventSequence", strconv.Itoa(item.Update))
	b = appendParameter(b, "ruleId", of.Rule.ID)
	b = appendParameter(b, "sequence", strconv.FormatUint(item.Sequence, 10))
	b = append(b, "] "...)
	return append(b, item.Document...)
}

func appendSyslogTime(b []byte, item *Item) []byte {
	at := item.Time.UTC()
	if item.Time.IsZero() || at.Year() < 1 || at.Year() > 9999 {
		return append(b, nilValue...)
	}
	return at.AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

// appendWord appends a word of the header: printable US-ASCII without spaces, cut to its
// length, and a dash for none.
func appendWord(b []byte, word string, most int) []byte {
	word = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, word)
	return append(b, cmp.Or(word[:min(len(word), most)], nilValue)...)
}

// escapeParameter escapes what would end a parameter.
var escapeParameter = strings.NewReplacer(`"`, `\"`, `\`, `\\`, `]`, `\]`)

// appendParameter appends a parameter of the structured data, if it has a value.
func appendParameter(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	value = strings.ToValidUTF8(value[:min(len(value), maxParameter)], "\ufffd")
	value = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return '_'
		}
		return r
	}, value)
	return append(b, " "+name+`="`+escapeParameter.Replace(value)+`"`...)
}
