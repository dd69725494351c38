package config

import (
	"encoding/hex"
	"errors"
	"regexp"
	"strings"

	"hooksnare/detect"
)

// maxWhere bounds a condition, which a person writes, in bytes.
const maxWhere = 16 << 10

var (
	idPattern    = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$`) // safe in a path, an address and a log
	teamPattern  = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	ownerPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]{0,62}$`)
)

// memberKeys are the members of an exception; what is decoded goes into x.
func (x *Exception) memberKeys() []key {
	return []key{
		{name: "ID", kind: "string", doc: "required; letters, digits, `.` `_` `-`; unique",
			decode: storeIn(&x.ID, readMatching(idPattern, `a name of at most 64 letters, digits, ".", "_", "-"`))},
		{name: "Rules", kind: "strings", doc: "ids of the rules it holds for; without it, every rule",
			decode: storeIn(&x.Rules, acceptedBy(listOf("rule ids", readText("a rule id")), notEmpty("rule ids; leave Rules out for every rule")))},
		{name: "Where", kind: "string", doc: "required; the EQL condition that an alert must meet, best on `hooksnare.hook.value`",
			decode: storeIn(&x.Where, readCondition)},
		{name: "Reason", kind: "string", doc: "required; who wants it and why",
			decode: storeIn(&x.Reason, readText("a reason"))},
		{name: "Expires", kind: "date or RFC 3339 string", doc: "when it ends; without it, never",
			decode: storeIn(&x.Expires, readDate)},
		{name: "Require", kind: "dictionary", doc: "what must hold of the hook's program; all that is set must hold",
			decode: storeIn(&x.Require, readRequire)},
		{name: "Preset", kind: "string", doc: "instead of all others: `jamf` stands for the exception that is there by default",
			choices: []string{presetName}, decode: storeIn(x, readPreset)},
	}
}

// memberKeys are the members of a requirement; what is decoded goes into r.
func (r *Require) memberKeys() []key {
	return []key{
		{name: "Owner", kind: "string or integer", doc: "user name or user id that owns the program",
			decode: storeIn(&r.Owner, readOwner)},
		{name: "NotWritableByOthers", kind: "boolean", doc: "nobody but root can change the program, its interpreter or any folder above it",
			decode: storeIn(&r.NotWritableByOthers, readBoolean)},
		{name: "SHA256", kind: "strings", doc: "the SHA-256 in hex of the program, and of each file that it runs beside itself, is one of these",
			decode: storeIn(&r.SHA256, acceptedBy(listOf("SHA-256 sums", readSHA256), notEmpty("SHA-256 sums; leave SHA256 out for any content")))},
		{name: "TeamID", kind: "string", doc: "the program is signed by this team; this version can't verify that, so such an exception covers nothing",
			decode: storeIn(&r.TeamID, readMatching(teamPattern, "a team id of ten capital letters and digits"))},
	}
}

// decodeExceptions takes the exceptions of an array that are right. Only a value that is no
// array at all is not used: what it would have replaced then stays.
func (c *Config) decodeExceptions(v value) bool {
	list := v.decodeExceptionList(map[string]string{})
	if list == nil {
		return false
	}
	c.Exceptions = list
	return true
}

// decodeExceptionList returns the exceptions of an array that are right, nil when it is not an array. used
// has the IDs that can't be taken, with what has them.
func (v value) decodeExceptionList(used map[string]string) []Exception {
	elements := v.decodeArray("dictionaries")
	if elements == nil {
		return nil
	}
	all := []Exception{}
	for _, e := range elements {
		before := e.count
		x := e.decodeException()
		if first, taken := used[x.ID]; taken {
			e.addFault("the ID %q is already used by %s", x.ID, first)
		} else if x.ID != "" {
			used[x.ID] = e.key
		}
		// One that is wrong must not be used in part: without one of its conditions it would
		// hide more than was asked for.
		if e.count == before {
			all = append(all, x)
		}
	}
	return all
}

func (v value) decodeException() Exception {
	x := Exception{}
	v.decodeDictionary(x.memberKeys())
	x.Key = v.key
	d, isDictionary := v.raw.(map[string]any)
	switch preset := v.memberNamed("Preset"); {
	case preset.raw != nil && len(d) > 1:
		preset.addFault("expected nothing beside Preset; to change a preset, write it out as an exception")
	case preset.raw == nil && isDictionary:
		v.requireMembers("ID", "Where", "Reason")
	}
	return x
}

// presetName stands for the exception that is there by default.
const presetName = "jamf"

func readPreset(v value) Exception {
	if v.raw != presetName {
		v.addMismatch("the name of a preset (" + presetName + ")")
	}
	return jamf()
}

// notEmpty refuses an empty list.
func notEmpty(what string) func([]string) error {
	return func(list []string) error {
		if len(list) == 0 {
			return errors.New("expected " + what)
		}
		return nil
	}
}

// readMatching reads a string that matches a pattern.
func readMatching(pattern *regexp.Regexp, what string) func(value) string {
	return func(v value) string {
		s, _ := v.raw.(string)
		if !pattern.MatchString(s) {
			v.addMismatch(what)
			return ""
		}
		return s
	}
}

// readCondition reads a condition. It may have several lines.
func readCondition(v value) string {
	s, _ := v.raw.(string)
	switch {
	case strings.TrimSpace(s) == "":
		v.addMismatch("an EQL condition")
	case len(s) > maxWhere:
		v.addFault("expected an EQL condition of at most %d bytes, found %d", maxWhere, len(s))
	default:
		if _, err := detect.CheckWhere(s); err != nil {
			v.addFault("%v", err)
		}
	}
	return s
}

// readRequire reads what is asked of a hook's program.
func readRequire(v value) Require {
	var r Require
	before := v.count
	v.decodeDictionary(r.memberKeys())
	if v.count == before && r.IsZero() {
		v.addFault("requires nothing: expected one of Owner, NotWritableByOthers, SHA256, TeamID")
	}
	return r
}

// readSHA256 reads a sum and returns it in lower-case hex.
func readSHA256(v value) string {
	s, _ := v.raw.(string)
	if b, err := hex.DecodeString(s); err != nil || len(b) != 32 {
		v.addMismatch("a SHA-256 sum of 64 hex digits")
		return ""
	}
	return strings.ToLower(s)
}

// jamfScripts is where Jamf Pro keeps the scripts of its framework.
const jamfScripts = "/Library/Application Support/JAMF/ManagementFrameworkScripts/"

// jamf lets Jamf Pro set its own two hooks. It looks at the whole value and at which
// key it was given to, so neither another script of that folder nor an argument behind
// the path is covered; and it asks that only root can have put the script there, each time
// that loginwindow runs it, too; and that the Mac showed before that Jamf manages it, or
// anyone who is root could put a program there. Removal is not covered: a Jamf hook that
// vanishes is news.
func jamf() Exception {
	return Exception{
		ID: "jamf-framework-scripts",
		Where: `hooksnare.hook.operation in ("set", "import", "edit", "execute") and (` +
			`(hooksnare.hook.key == "LoginHook" and hooksnare.hook.value == "` + jamfScripts + `loginhook.sh") or ` +
			`(hooksnare.hook.key == "LogoutHook" and hooksnare.hook.value == "` + jamfScripts + `logouthook.sh"))`,
		Reason:  "Jamf Pro sets these hooks on the Macs it manages",
		Require: Require{Owner: "root", NotWritableByOthers: true, JamfManaged: true},
	}
}
