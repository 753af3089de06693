export { DefinitionPage } from "./definition-page";
export { DefinitionsScreen } from "./definitions-screen";
export { DefinitionForm } from "./form-screen";
