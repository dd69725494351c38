package rules

import (
	"reflect"
	"slices"
	"strings"
)

// file is the TOML shape: what a rule takes as it is, and what it is made of.
type file struct {
	Metadata struct {
		CreationDate     string   `toml:"creation_date"`
		UpdatedDate      string   `toml:"updated_date"`
		Maturity         string   `toml:"maturity"`
		MinStackVersion  string   `toml:"min_stack_version"`
		MinStackComments string   `toml:"min_stack_comments"`
		Promotion        bool     `toml:"promotion"`
		DeprecationDate  string   `toml:"deprecation_date"`
		OSTypeList       []string `toml:"os_type_list"`
		Comments         string   `toml:"comments"`
	} `toml:"metadata"`
	Rule struct {
		Rule
		Version       int    `toml:"version"`
		BuildingBlock string `toml:"building_block_type"`
		From          string `toml:"from"`
		Interval      string `toml:"interval"`
		Filters       []any  `toml:"filters"`
	} `toml:"rule"`
}

// unused are the keys that are known and not used here, whatever they hold.
var unused = strings.Fields(`transform internal
	metadata.integration metadata.bypass_bbr_timing metadata.query_schema_validation metadata.extended
	rule.actions rule.alert_suppression rule.anomaly_threshold rule.data_view_id rule.enabled rule.exceptions_list
	rule.history_window_start rule.index rule.investigation_fields rule.machine_learning_job_id rule.meta rule.new_terms
	rule.new_terms_fields rule.output_index rule.related_integrations rule.required_fields rule.response_actions
	rule.risk_score_mapping rule.rule_name_override rule.saved_id rule.severity_mapping rule.threat_filters rule.threat_index
	rule.threat_indicator_path rule.threat_language rule.threat_mapping rule.threat_query rule.threshold rule.throttle
	rule.timeline_id rule.timeline_title rule.timestamp_override rule.to`)

// shape has the kinds that the value of each key may have, by the key's whole path; nil
// where that and all below it may be anything.
//
// The decoder would check the same with less: it takes keys in any case, stops at the first
// value of a wrong type, and does not tell where an unknown key stands.
var shape = shapeOf(reflect.TypeFor[file]())

func shapeOf(t reflect.Type) map[string][]kind {
	out := map[string][]kind{}
	for _, name := range unused {
		out[name] = nil
	}
	addShape(out, t, "")
	return out
}

func addShape(to map[string][]kind, t reflect.Type, prefix string) {
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("toml")
		if f.Anonymous || tag == "" || tag == "-" {
			continue
		}
		name, t := prefix+tag, f.Type
		switch t.Kind() {
		case reflect.String:
			to[name] = []kind{kindString}
		case reflect.Bool:
			to[name] = []kind{kindBool}
		case reflect.Int:
			to[name] = []kind{kindInt}
		case reflect.Struct:
			to[name] = []kind{kindTable}
			addShape(to, t, name+".")
		case reflect.Slice:
			to[name] = []kind{kindTables, kindEmpty}
			switch t.Elem().Kind() {
			case reflect.String:
				to[name] = []kind{kindTexts, kindEmpty}
			case reflect.Struct:
				addShape(to, t.Elem(), name+".")
			}
		}
	}
}

// checkShape notes unknown keys and values of a wrong type. Of what stands below an unknown
// key only the key is noted.
func (d *document) checkShape() {
	unknown := map[string]bool{}
	for _, it := range d.items {
		if len(d.faults) > maxFaults {
			return
		}
		d.checkItem(it, unknown)
	}
}

func (d *document) checkItem(it item, unknown map[string]bool) {
	for n := 1; n <= len(it.path); n++ {
		name := strings.Join(it.path[:n], ".")
		want, known := shape[name]
		switch {
		case known && want == nil, name == "rule.filters" && n < len(it.path):
			return
		case !known && !unknown[name]:
			unknown[name] = true
			d.faults = append(d.faults, d.fault(it.at, "unknown key %q", name))
			return
		case !known:
			return
		case n == len(it.path) && !slices.Contains(want, it.kind):
			d.faults = append(d.faults, d.fault(it.value, "%s: expected %s, found %s", name, article(want[0]), article(it.kind)))
		}
	}
}

func article(k kind) string {
	if strings.ContainsRune("aeiou", rune(k[0])) {
		return "an " + string(k)
	}
	return "a " + string(k)
}
