package rules

// file is the TOML shape. A member of type any is known and not used here.
type file struct {
	Metadata struct {
		CreationDate     string   `toml:"creation_date"`
		UpdatedDate      string   `toml:"updated_date"`
		Maturity         string   `toml:"maturity"`
		Integration      any      `toml:"integration"`
		MinStackVersion  string   `toml:"min_stack_version"`
		MinStackComments string   `toml:"min_stack_comments"`
		Promotion        bool     `toml:"promotion"`
		Bypass           any      `toml:"bypass_bbr_timing"`
		DeprecationDate  string   `toml:"deprecation_date"`
		OSTypeList       []string `toml:"os_type_list"`
		Comments         string   `toml:"comments"`
		QuerySchema      any      `toml:"query_schema_validation"`
		Extended         any      `toml:"extended"`
	} `toml:"metadata"`
	Rule struct {
		ID                 string   `toml:"rule_id"`
		Name               string   `toml:"name"`
		Description        string   `toml:"description"`
		Version            int      `toml:"version"`
		Type               string   `toml:"type"`
		Language           string   `toml:"language"`
		Query              string   `toml:"query"`
		Severity           string   `toml:"severity"`
		RiskScore          int      `toml:"risk_score"`
		MaxSignals         int      `toml:"max_signals"`
		BuildingBlock      string   `toml:"building_block_type"`
		Author             []string `toml:"author"`
		License            string   `toml:"license"`
		References         []string `toml:"references"`
		FalsePositives     []string `toml:"false_positives"`
		Tags               []string `toml:"tags"`
		Note               string   `toml:"note"`
		Setup              string   `toml:"setup"`
		Threat             []threat `toml:"threat"`
		From               string   `toml:"from"`
		To                 any      `toml:"to"`
		Interval           string   `toml:"interval"`
		Index              any      `toml:"index"`
		DataView           any      `toml:"data_view_id"`
		Enabled            any      `toml:"enabled"`
		TimestampOverride  any      `toml:"timestamp_override"`
		TimestampField     string   `toml:"timestamp_field"`
		EventCategory      string   `toml:"event_category_override"`
		Tiebreaker         string   `toml:"tiebreaker_field"`
		TimelineID         any      `toml:"timeline_id"`
		TimelineTitle      any      `toml:"timeline_title"`
		AlertSuppression   any      `toml:"alert_suppression"`
		InvestigationField any      `toml:"investigation_fields"`
		RelatedIntegration any      `toml:"related_integrations"`
		RequiredFields     any      `toml:"required_fields"`
		RiskScoreMapping   any      `toml:"risk_score_mapping"`
		SeverityMapping    any      `toml:"severity_mapping"`
		RuleNameOverride   any      `toml:"rule_name_override"`
		ExceptionsList     any      `toml:"exceptions_list"`
		Filters            []any    `toml:"filters"`
		Meta               any      `toml:"meta"`
		Output             any      `toml:"output_index"`
		Throttle           any      `toml:"throttle"`
		Actions            any      `toml:"actions"`
		ResponseActions    any      `toml:"response_actions"`
		JobID              any      `toml:"machine_learning_job_id"`
		AnomalyThreshold   any      `toml:"anomaly_threshold"`
		ThreatQuery        any      `toml:"threat_query"`
		ThreatIndex        any      `toml:"threat_index"`
		ThreatMapping      any      `toml:"threat_mapping"`
		ThreatFilters      any      `toml:"threat_filters"`
		ThreatLanguage     any      `toml:"threat_language"`
		ThreatPath         any      `toml:"threat_indicator_path"`
		SavedID            any      `toml:"saved_id"`

		Threshold          any `toml:"threshold"`
		NewTerms           any `toml:"new_terms"`
		NewTermsFields     any `toml:"new_terms_fields"`
		HistoryWindowStart any `toml:"history_window_start"`
	} `toml:"rule"`
	Transform any `toml:"transform"`
	Internal  any `toml:"internal"`
}

type threat struct {
	Framework string `toml:"framework"`
	Tactic    Named  `toml:"tactic"`
	Technique []struct {
		Named
		Subtechnique []Named `toml:"subtechnique"`
	} `toml:"technique"`
}
