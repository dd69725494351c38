package rules

import "fmt"

// The types of rules that run here. Those that are not of EQL ask in kuery, also where
// they do not say so, as in Kibana.
const (
	eqlType   = "eql"
	queryType = "query"
)

// elsewhere returns why a rule can't run here, "" if it can.
func elsewhere(typ, language string) string {
	switch typ {
	case "", eqlType: // without a type it is refused anyway
		return ""
	case queryType:
		return foreign(typ, language)
	case "esql":
		return foreign(typ, "esql")
	case "threshold":
		return "rules of type threshold count matches over time: run it on the server that collects the events"
	case "new_terms":
		return "rules of type new_terms need a history of all events: run it on the server that collects the events"
	case "machine_learning":
		return "a machine learning job runs on a server, over events collected there"
	case "threat_match":
		return "rules of type threat_match run on a server, which has the indicators to compare with"
	case "saved_query":
		return "rules of type saved_query run on a server, which has the query"
	}
	return fmt.Sprintf("this version does not know rules of type %.40q", typ)
}

// foreign returns why a query of a type other than eql can't run here, "" if it can.
func foreign(typ, language string) string {
	switch language {
	case "", "kuery":
		return ""
	case "esql":
		return "ES|QL runs on a server, over events collected there"
	case "lucene":
		return "Lucene's query language runs on a server, over events indexed there"
	}
	return fmt.Sprintf("this version does not know the language %.40q in rules of type %s", language, typ)
}
