package rules

import "fmt"

// eqlType is the type of the rules that run here.
const eqlType = "eql"

// languages says why a query in another language than EQL does not run here.
var languages = map[string]string{
	"kuery":  "Kibana's query language (kuery) does not run here: write the query in EQL",
	"esql":   "ES|QL runs on a server, over events collected there",
	"lucene": "Lucene's query language runs on a server, over events indexed there",
}

// types says why a rule of another type than eql does not run here, whatever its language.
var types = map[string]string{
	"machine_learning": "a machine learning job runs on a server, over events collected there",
	"threat_match":     "rules of type threat_match run on a server, which has the indicators to compare with",
	"saved_query":      "rules of type saved_query run on a server, which has the query",
	"threshold":        "rules of type threshold count matches over time: run it on the server that collects the events",
	"new_terms":        "rules of type new_terms need a history of all events: run it on the server that collects the events",
}

// DefaultLanguage is the language of a rule of a type that does not name one, as in Kibana.
func DefaultLanguage(typ string) string {
	switch typ {
	case eqlType, "esql":
		return typ
	}
	return "kuery"
}

// whyNotRunnable returns why a rule can't run here, "" if it can. One without a type is
// refused anyway.
func whyNotRunnable(typ, language string) string {
	if typ == "" || typ == eqlType {
		return ""
	}
	if why := types[typ]; why != "" {
		return why
	}
	if typ != "query" && typ != "esql" {
		return fmt.Sprintf("this version does not know rules of type %.40q", typ)
	}
	if language == "" || typ == "esql" {
		language = DefaultLanguage(typ)
	}
	if why := languages[language]; why != "" {
		return why
	}
	return fmt.Sprintf("this version does not know the language %.40q in rules of type %s", language, typ)
}
