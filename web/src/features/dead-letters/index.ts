export { LetterPage } from "./letter-page";
export { LettersScreen } from "./letters-screen";
