package detect

import (
	"fmt"
	"slices"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
)

// sensors says in words what there is to see.
const sensors = "eslogger's exec, fork and exit"

// Runnable returns why a rule can't run here, "" if it can: its events are none of those
// that are seen, or it asks for fields that they do not have. An error is a fault of the
// rule itself.
func Runnable(r *rules.Rule) (why string, err error) {
	if r.NotRunnable != "" {
		return r.NotRunnable, nil
	}
	for _, c := range r.Query.Categories() {
		seen := c == processCategory || c == stateCategory || c == conditionCategory || c == eql.Any
		if r.EventCategory == "" && !seen {
			return fmt.Sprintf("needs %s events: %s are what is seen", c, sensors), nil
		}
	}
	if why := unknownFields(r); why != "" {
		return why, nil
	}
	if why := impossibleHere(r); why != "" {
		return why, nil
	}
	if r.Query.HasPipes() {
		return "pipes pick from all results, which here come one by one: rules test runs them", nil
	}
	_, err = newProgram(r, leastPartials)
	return "", err
}

// fieldSets are the first parts of names that ECS and Elastic's endpoint have, for events
// that are not seen here.
var fieldSets = []string{
	"agent", "as", "client", "cloud", "code_signature", "configuration", "container", "data_stream", "destination", "device", "dll", "dns",
	"ecs", "Effective_process", "elf", "email", "Endpoint", "error", "Events", "faas", "file", "geo", "hash", "http", "interface", "labels",
	"library", "log", "macho", "message", "network", "observer", "orchestrator", "organization", "os", "package", "pe", "Persistence",
	"registry", "related", "Responses", "risk", "rule", "server", "service", "source", "span", "tags", "Target", "Tcc", "threat", "tls",
	"trace", "transaction", "url", "user_agent", "vlan", "volume", "vulnerability", "x509",
}

// absentFields are names of the sets that are seen here which no event has. One that ends
// in a dot stands for all below it. Of a parent and a leader the same is absent.
var absentFields = []string{
	"process.attested_groups.", "process.attested_user.", "process.code_signature.", "process.elf.", "process.end", "process.endpoint_security_client",
	"process.entry_meta.", "process.Ext.", "process.hash.", "process.io.", "process.macho.", "process.pe.", "process.pgid",
	"process.platform_binary", "process.previous.", "process.real_group.", "process.same_as_process", "process.saved_group.", "process.saved_user.",
	"process.supplemental_groups.", "process.thread.", "process.title", "process.tty.", "process.uptime", "process.vpid", "process.origin_referrer_url",
	"process.origin_url", "process.env", "process.user.", "process.real_user.", "process.group.",
	"user.changes.", "user.domain", "user.effective.", "user.email", "user.entity.", "user.Ext.", "user.full_name", "user.hash", "user.risk.", "user.roles", "user.target.",
	"group.domain", "group.Ext.",
	"host.boot.", "host.cpu.", "host.disk.", "host.domain", "host.entity.", "host.Ext.", "host.geo.", "host.ip", "host.mac", "host.network.", "host.os.Ext.",
	"host.os.full", "host.os.kernel", "host.pid_ns_ino", "host.risk.", "host.type", "host.uptime", "host.user.",
	"event.agent_id_status", "event.code", "event.dataset", "event.duration", "event.end", "event.Ext.", "event.hash", "event.id", "event.ingested",
	"event.original", "event.outcome", "event.provider", "event.reason", "event.reference", "event.risk_score", "event.risk_score_norm",
	"event.severity", "event.start", "event.timezone", "event.url",
}

// relatives are processes beside the event's own, of which ECS has the same fields.
var relatives = strings.NewReplacer("process.parent.", "process.", "process.group_leader.", "process.", "process.session_leader.", "process.",
	"process.entry_leader.", "process.", "process.Ext.effective_parent.", "process.", "process.responsible.", "process.")

// absent reports whether a name that is not known here is one that other events have. A
// rule that asks for it is right and can't run; any other name is a mistake.
func absent(name string) bool {
	if set, _, _ := strings.Cut(name, "."); slices.Contains(fieldSets, set) {
		return true
	}
	for own := ""; own != name; name = relatives.Replace(name) {
		own = name
		if _, known := Fields(own); known {
			return true // of another process
		}
		for _, a := range absentFields {
			if own == a || strings.HasSuffix(a, ".") && strings.HasPrefix(own, a) {
				return true
			}
		}
		for dot := strings.LastIndexByte(own, '.'); dot > 0; dot = strings.LastIndexByte(own[:dot], '.') {
			if _, known := Fields(own[:dot]); known {
				return true // another form of the same text
			}
		}
	}
	return false
}

// unknownFields names a field that events lack here.
func unknownFields(r *rules.Rule) string {
	if _, ok := Fields(r.EventCategory); r.EventCategory != "" && !ok {
		return fmt.Sprintf("looks for the category in %s, which %s do not have", r.EventCategory, sensors)
	}
	var missing []string
	for _, name := range r.Fields() {
		if _, ok := Fields(name); ok || r.Query.Optional(name) {
			continue
		}
		if !absent(name) {
			return "" // a mistake, which compiling reports
		}
		missing = append(missing, name)
	}
	switch len(missing) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("needs %s, which %s do not have", missing[0], sensors)
	}
	return fmt.Sprintf("needs %s and %d more fields that %s do not have", missing[0], len(missing)-1, sensors)
}

// impossibleHere looks for conditions that no event seen here can meet.
func impossibleHere(r *rules.Rule) string {
	for i := range situations {
		if situations[i].remainingQuery(r) != nil {
			return ""
		}
	}
	for _, name := range [...]string{"host.os.type", "event.category", "event.kind", "event.type", "event.action"} {
		concerns := func(s situation) bool {
			q := remainingQuery(r, eql.String(s.category), func(n string) (eql.Value, bool) {
				if n != name {
					return eql.Null(), false
				}
				return s.known(n)
			})
			return q != nil
		}
		if !slices.ContainsFunc(situations[:withChange], concerns) {
			return fmt.Sprintf("needs another %s than %s have", name, sensors)
		}
	}
	return fmt.Sprintf("needs what %s never are", sensors)
}
