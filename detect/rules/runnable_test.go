package rules

import (
	"reflect"
	"strings"
	"testing"
)

// of is a rule of a type, perhaps with a language, whose query is one of kuery.
func of(typ, language string) string {
	text := with(`type = "eql"`, "type = '"+typ+"'\n")
	if language != "" {
		text += "language = '" + language + "'\n"
	}
	return strings.Replace(text, "any where true", "event.type : start", 1)
}

// TestTypes holds which rules run.
func TestTypes(t *testing.T) {
	const terms = "[rule.new_terms]\nfield = 'new_terms_fields'\nvalue = ['a']\nhistory_window_start = [ { field = 'history_window_start', value = 'now-7d' } ]\n"
	const newTerms = "rules of type new_terms need a history of all events: run it on the server that collects the events"
	const threshold = "rules of type threshold count matches over time: run it on the server that collects the events"
	const kuery = "Kibana's query language (kuery) does not run here: write the query in EQL"
	const count = "[rule.threshold]\nfield = ''\nvalue = 1\n"
	for _, tc := range []struct{ name, text, want string }{
		{"eql without a language", minimal, "eql"},
		{"eql", minimal + "language = 'eql'\n", "eql"},
		{"query without a language", of("query", ""), kuery},
		{"query", of("query", "kuery"), kuery},
		{"new_terms without a language", of("new_terms", "") + terms, newTerms},
		{"new_terms", of("new_terms", "kuery") + terms, newTerms},
		{"threshold without a language", of("threshold", "") + count, threshold},
		{"threshold", of("threshold", "kuery") + count, threshold},

		{"query in lucene", of("query", "lucene"), "Lucene's query language runs on a server, over events indexed there"},
		{"new_terms in lucene", of("new_terms", "lucene") + terms, newTerms},
		{"threshold in lucene", of("threshold", "lucene") + count, threshold},
		{"query in another language", of("query", "sql"), `this version does not know the language "sql" in rules of type query`},
		{"query in eql", of("query", "eql"), `this version does not know the language "eql" in rules of type query`},
		{"esql", of("esql", "esql"), "ES|QL runs on a server, over events collected there"},
		{"esql without a query", strings.Replace(of("esql", "esql"), "event.type : start", "", 1), "ES|QL runs on a server, over events collected there"},
		{"query in esql", of("query", "esql"), "ES|QL runs on a server, over events collected there"},
		{"machine_learning", strings.Replace(of("machine_learning", ""), "query = ", "machine_learning_job_id = ", 1) + "anomaly_threshold = 50\n",
			"a machine learning job runs on a server, over events collected there"},
		{"threat_match", of("threat_match", "kuery") + "threat_index = ['x']\nthreat_query = '*:*'\nthreat_language = 'kuery'\n[[rule.threat_mapping]]\n",
			"rules of type threat_match run on a server, which has the indicators to compare with"},
		{"saved_query", strings.Replace(of("saved_query", ""), "query = ", "saved_id = ", 1), "rules of type saved_query run on a server, which has the query"},
		{"a type of a later time", of("odd", "odd"), `this version does not know rules of type "odd"`},
		{"a long type", of(strings.Repeat("x", 50), ""), `this version does not know rules of type "` + strings.Repeat("x", 40) + `"`},
		{"a query that is no kuery, in a language that is not read", strings.Replace(of("query", "lucene"), "event.type : start", "a:/b/ AND (", 1),
			"Lucene's query language runs on a server, over events indexed there"},
		{"new terms that are not read", strings.Replace(of("new_terms", "kuery")+terms, "now-7d", "then", 1), newTerms},
		{"new terms in the keys of Kibana's interface", of("new_terms", "") + "new_terms_fields = ['a']\nhistory_window_start = 'now-7d'\n", newTerms},
	} {
		r, err := Load("r.toml", []byte(tc.text), nil)
		if err != nil {
			t.Errorf("%s: got error %v, of\n%s", tc.name, err, tc.text)
			continue
		}
		if got := state(r); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestNotRunnableIsWhole holds that a rule that can't run lacks nothing but the means to.
func TestNotRunnableIsWhole(t *testing.T) {
	want, err := Load("r.toml", []byte(good), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`type = "eql"`, `type = "esql"`, `language = "eql"`, `language = "esql"`).Replace(good)
	got, err := Load("r.toml", []byte(text), nil)
	if err != nil || got.NotRunnable == "" {
		t.Fatalf("got %+v, error %v", got, err)
	}
	want.Type, want.Language, want.Query, want.NotRunnable = "esql", "esql", nil, got.NotRunnable
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
